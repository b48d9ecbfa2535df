"""Small parts of speech with meaning: expands templates, names devices in rooms, says numbers and times."""
import re

from lexicon import COLORS, DEVICES, DOORS, FRACTIONS, OUTDOOR, PREP, ROOM_WEIGHTS, ROOMS, words

GROUP = re.compile(r"\(([^()]*)\)")


def expand(rng, text):
    """Chooses one of the alternatives of every "(a|b|)"; innermost first."""
    while m := GROUP.search(text):
        text = text[:m.start()] + rng.choice(m[1].split("|")) + text[m.end():]
    return re.sub(r" +", " ", text).strip()


class Speech:
    def __init__(self, rng):
        self.rng = rng

    def p(self, chance):
        return self.rng.random() < chance

    def pick(self, *choices):
        return self.rng.choice(choices)

    def x(self, text):
        return expand(self.rng, text)

    # Places

    def room(self, indoor=False):
        names = [r for r in ROOMS if not (indoor and r in OUTDOOR | {"upstairs", "downstairs"})]
        return self.rng.choices(names, [ROOM_WEIGHTS.get(r, 1) for r in names])[0]

    def room_words(self, room):
        return self.rng.choice(ROOMS[room])

    def in_room(self, room, det=None):
        """ "in the kitchen", "upstairs"."""
        if room in ("upstairs", "downstairs"):
            return room
        det = det or self.rng.choices(["the", "my", "our"], [12, 1, 0.5])[0]
        prep = PREP.get(room, "in")
        name = self.room_words(room)
        if room == "hallway" or room == "garden" and name in ("yard", "lawn"):
            prep = self.pick("in", "in", "on") if name == "lawn" else prep
        return f"{prep} {det} {name}"

    # Devices

    def device_words(self, device, plain=False):
        return self.rng.choice(DEVICES[device][:3] if plain else DEVICES[device])

    def np(self, device, room=None, bare=False, word=None):
        """A device, in its room if it has one: "the kitchen lights", "the fan in my study"."""
        if device == "door":
            return self.door(room, bare)
        if device == "all":
            thing = self.pick("everything", "everything", "all devices", "all the devices", "every device", "the whole lot")
            if room == "all" or room is None:
                return thing + self.pick("", "", " in the house", " at home")
            return f"{thing} {self.in_room(room)}"
        word = word or self.device_words(device)
        rng = self.rng
        if room == "all":
            s = word if word.endswith("s") or word in ("lighting",) else word + "s"
            return self.pick(f"all the {s}", f"all {s}", f"every {s[:-1] if s.endswith('s') else s}", f"all of the {s}", f"all the {s} in the house",
                             f"the {s} everywhere", f"all {s} everywhere", f"each {s[:-1]}", f"the {s} in every room",
                             f"the {s} in the whole house")
        if room is None:
            if bare and self.p(0.75):
                return word
            return rng.choices([f"the {word}", f"my {word}", word, f"our {word}", f"that {word}", f"this {word}", f"the {word} here",
                                f"the {word} in here", f"the damn {word}", f"the {word} in this room"],
                               [30, 2, 5, 1, 1, 0.6, 0.4, 0.8, 0.2, 0.3])[0]
        name = self.room_words(room)
        if room in ("upstairs", "downstairs"):
            return rng.choices([f"the {word} {name}", f"the {name} {word}", f"{name} {word}", f"{word} {name}", f"all the {word} {name}"],
                               [5, 4, 2, 1, 0.5])[0]
        inside = self.in_room(room)
        if bare:
            return rng.choices([f"{name} {word}", f"{word} {inside}", f"the {name} {word}", f"{word} {name}"], [8, 2, 2, 0.7])[0]
        of = self.pick(f"the {word} of the {name}", f"the {name}'s {word}", f"the {word} by the {self.pick('desk', 'window', 'bed', 'sofa', 'door', 'wall', 'table', 'couch')} {inside}",
                       f"{word} {inside}", f"that {word} {inside}", f"the {word} inside the {name}", f"the {word} over {inside}",
                       f"the {word} we have {inside}", f"the {word} that is {inside}")
        return rng.choices([f"the {name} {word}", f"the {word} {inside}", f"{name} {word}", f"my {name} {word}", f"our {name} {word}",
                            f"all the {word} {inside}" if word.endswith("s") else f"the {word} {inside}", of],
                           [12, 7, 3, 1, 0.5, 0.5, 1.2])[0]

    def door(self, place, bare=False):
        if place is None:
            return self.pick("the door", "the door", "door", "my door", "our door")
        name = self.rng.choice(DOORS[place])
        if bare and self.p(0.7):
            return f"{name} door"
        if place == "garage" and self.p(0.2):
            return self.pick("the garage", "garage", "my garage")
        if place in ROOMS and self.p(0.15):
            return f"the door of the {name}"
        return self.rng.choices([f"the {name} door", f"{name} door", f"my {name} door", f"the door at the {name}" if place in ("front", "back") else f"the {name} door"],
                                [10, 2, 1, 0.7])[0]

    def color(self, color):
        return self.rng.choice(COLORS[color])

    # Numbers

    def number(self, n):
        return str(n) if self.p(0.62) or n > 100 else words(n, self.rng)

    def level(self):
        """A level and how it is said."""
        r = self.rng
        if self.p(0.17):
            n = r.choices(list(FRACTIONS), [6, 3, 2, 1, 1, 5, 2])[0]
            return n, r.choice(FRACTIONS[n])
        n = r.choice([5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 95, 100]) if self.p(0.55) else r.randint(1, 100)
        form = r.random()
        if form < 0.30:
            return n, f"{n} percent"
        if form < 0.55:
            return n, f"{n}%"
        if form < 0.58:
            return n, f"{n} %"
        if form < 0.75:
            return n, str(n)
        if form < 0.90:
            return n, words(n, r) + self.pick(" percent", " percent", " percent", " per cent", " pct")
        return n, words(n, r)

    def temp(self):
        """A temperature, its unit if said, and how."""
        r = self.rng
        unit = r.choices([None, "c", "f"], [5, 3, 3])[0]
        n = r.randint(50, 90) if unit == "f" or unit is None and self.p(0.35) else r.randint(10, 30)
        said = self.number(n)
        deg = self.pick(" degrees", " degrees", " deg", "°", " °") if unit else self.pick("", "", " degrees", " degrees", "°", " deg")
        if deg in ("°", " °"):
            said = str(n)
        if unit == "c":
            deg += self.pick(" celsius", " Celsius", " C", " centigrade", " c", "C" if deg else " C")
        if unit == "f":
            deg += self.pick(" fahrenheit", " Fahrenheit", " F", " f", "F" if deg else " F")
        return n, unit, said + deg

    # Times

    def duration(self):
        """Seconds, and how they are said."""
        r = self.rng
        kind = r.choices(["s", "m", "h", "odd"], [2, 8, 3, 2.4])[0]
        if kind == "odd":
            return self.rng.choice([
                (1800, self.pick("half an hour", "half an hour", "a half hour", "half hour")), (900, self.pick("a quarter of an hour", "quarter of an hour")),
                (5400, self.pick("an hour and a half", "one and a half hours", "1.5 hours", "90 minutes", "one hour and thirty minutes", "1 hour 30 minutes", "1h 30m")),
                (120, self.pick("a couple of minutes", "two minutes")), (60, self.pick("a minute", "one minute", "1 minute")),
                (3600, self.pick("an hour", "one hour", "1 hour", "an hour", "sixty minutes")), (2700, self.pick("three quarters of an hour", "45 minutes")),
                (9000, self.pick("two and a half hours", "2.5 hours", "2 hours and 30 minutes")), (7200, self.pick("a couple of hours", "two hours")),
                (30, self.pick("half a minute", "30 seconds")), (90, self.pick("a minute and a half", "ninety seconds", "90 seconds")),
                (4500, self.pick("an hour and a quarter", "an hour and fifteen minutes", "1 hour 15 minutes", "75 minutes"))])
        if kind == "s":
            n = r.choice([5, 10, 15, 20, 30, 30, 40, 45, 50, 60, 90])
            unit = self.pick("seconds", "seconds", "seconds", "secs", "sec", "s")
        elif kind == "m":
            n = r.choice([1, 2, 3, 5, 10, 10, 15, 20, 25, 30, 40, 45, 60, 90]) if self.p(0.55) else r.randint(1, 60)
            unit = self.pick("minutes", "minutes", "minutes", "minutes", "min", "mins", "m") if n > 1 else self.pick("minute", "min")
        else:
            n = r.choice([1, 2, 3, 4, 5, 6, 8, 10, 12, 24])
            unit = self.pick("hours", "hours", "hours", "hrs", "h") if n > 1 else self.pick("hour", "hour", "hr")
        said = str(n) if self.p(0.6) or unit in ("s", "m", "h") else words(n, r)
        if unit in ("s", "m", "h"):
            unit = self.pick(unit, " " + unit) if unit != "m" else "m"
            return n * {"s": 1, "m": 60, "h": 3600}[unit.strip()], said + unit
        n *= {"s": 1, "m": 60, "h": 3600}[kind]
        return n, f"{said} {unit}"

    def after(self):
        """A delay: its key and words."""
        s, said = self.duration()
        form = self.rng.choices(["in {}", "after {}", "{} from now", "{} later", "once {} have passed", "in about {}", "in {}' time", "within {}"],
                                [12, 3, 2, 1, 0.3, 0.5, 0.0, 0.0])[0]
        return s, form.format(said)

    def during(self):
        s, said = self.duration()
        form = self.rng.choices(["for {}", "for the next {}", "for about {}", "for just {}", "for only {}", "for a total of {}"], [12, 2, 0.7, 0.5, 0.3, 0.2])[0]
        return s, form.format(said)

    def clock(self):
        """A time of day as HH:MM, and how it is said."""
        r = self.rng
        if self.p(0.06):
            return "12:00", self.pick("noon", "midday", "12 noon")
        if self.p(0.05):
            return "00:00", "midnight"
        h, m = r.randint(0, 23), r.choice([0, 0, 0, 0, 30, 30, 15, 45, 5, 10, 20, 25, 35, 40, 50, 55])
        at = f"{h:02}:{m:02}"
        h12 = (h + 11) % 12 + 1
        form = r.random()
        if form < 0.18:
            return at, self.pick(f"{h}:{m:02}", at)
        if form < 0.24 and m == 0 and h > 0:
            return at, self.pick(f"{h} o'clock", f"{words(h, r)} o'clock") if h <= 12 else f"{h}:00"
        if form < 0.30 and 0 < h <= 12:
            # Without a half of the day the hour is taken as it is said.
            return at, words(h) if m == 0 else f"{words(h)} {'oh five' if m == 5 else words(m, r)}"
        pm = h >= 12
        if form < 0.70:
            half = self.pick("pm", "pm", " pm", " p.m.", " PM") if pm else self.pick("am", "am", " am", " a.m.", " AM")
            base = f"{h12}" if m == 0 else f"{h12}:{m:02}"
            if self.p(0.2):
                base, half = words(h12) if m == 0 else f"{words(h12)} {words(m, r)}" if m != 5 else f"{h12}:05", " " + half.strip()
            return at, base + half
        if m in (15, 30, 45):
            nxt = (h + 1) % 24
            n12 = (nxt + 11) % 12 + 1
            past = self.pick(str(h12), words(h12))
            to = self.pick(str(n12), words(n12))
            said = {15: self.pick("quarter past ", "a quarter past ") + past, 30: "half past " + past,
                    45: self.pick("quarter to ", "a quarter to ") + to}[m]
        else:
            said = (self.pick(str(h12), words(h12)) if m == 0 else f"{h12}:{m:02}")
        if m in (15, 30, 45) and self.p(0.35):
            # Said without a half of the day: the clock's own hour.
            h24 = {45: n12, 15: h12, 30: h12}[m]
            hour = h24 - 1 if m == 45 else h24
            return f"{hour:02}:{m:02}", said
        if h < 12:
            part = self.pick("in the morning" if h >= 4 else "at night", "in the morning", "am")
        elif h < 18:
            part = self.pick("in the afternoon", "in the afternoon", "pm", "this afternoon")
        elif h < 21:
            part = self.pick("in the evening", "tonight", "this evening", "pm")
        else:
            part = self.pick("at night", "tonight", "in the evening", "pm")
        return at, f"{said} {part}"
