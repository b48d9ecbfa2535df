#!/usr/bin/env python3
"""Makes sentences and the actions that they mean.

    python3 host-sim/demo/generate.py [--sample N] [--heldout] [--draw]

`--sample` prints N training samples, `--heldout` rewrites heldout.jsonl and the lists of templates.json, `--draw` chooses anew which
templates are held out. The same seed gives the same sentences.
"""
import argparse, collections, json, pathlib, random, re
from functools import lru_cache

import grammar as g
from frames import BETWEEN, framed
from lexicon import COLORS, DEVICES, DOORS, FOODS, LEVELLED, PEOPLE, PLACES, ROOMS, SWITCHED, TOPICS, UNSUPPORTED, words
from speech import Speech, expand

HERE = pathlib.Path(__file__).parent
KEYS = "do device room what level by temp unit color at after_s for_s why".split()
HELD_SEED, HELD_SHARE, HELD_COUNTS = 13, 0.06, {"single": 1300, "double": 700, "none": 500}

ADJ = {  # device: quantity, (more, adjective, opposite) upwards, the same downwards
    "light": ("brightness|intensity|light level", ("brighter|lighter", "bright", "dark|dim"), ("dimmer|darker|less bright", "dim|dark", "bright")),
    "fan": ("speed|power", ("faster|stronger|higher|quicker", "fast|strong", "slow|weak"), ("slower|weaker|lower", "slow", "fast|strong")),
    "speaker": ("volume|sound|loudness", ("louder|higher", "loud", "quiet|soft|low"), ("quieter|softer|lower|less loud", "quiet|soft", "loud")),
    "thermostat": ("temperature|setting", ("warmer|hotter|higher", "warm|hot", "cold|cool"), ("cooler|colder|lower", "cool|cold", "hot|warm")),
}
ADJ["lamp"], ADJ["tv"] = ADJ["light"], ADJ["speaker"]
ASK = {"light": "bright", "lamp": "bright", "fan": "fast|strong", "speaker": "loud", "tv": "loud", "blinds": "far open|open|far down", "curtains": "far open|open"}
QUANTITY = {"blinds": "position|height|level|opening", "curtains": "position|opening", "heater": "power|level", "humidifier": "level|power"}


class Slots(dict):
    """Slots that are filled when a template asks for them."""

    def __init__(self, rng, **makers):
        super().__init__()
        self.rng, self.makers = rng, makers

    def __missing__(self, key):
        made = self.makers[key]
        return made() if callable(made) else expand(self.rng, made)


def families():
    """name: (weight, templates, maker of (action, slots)). A maker gets the speech and the template."""
    F = {}

    def place(s, share=0.55):
        return s.room() if s.p(share) else None

    def about(do, s, device, room, **more):
        action = {"do": do, "device": device, **more}
        if room:
            action["room"] = room
        return action

    def np(s, device, room, word=None):
        return dict(d=lambda: s.np(device, room, word=word), b=lambda: s.np(device, room, bare=True, word=word))

    def family(name, weight, templates, maker):
        F[name] = (weight, templates, maker)

    def switched(do):
        def make(s, t):
            device, room = s.rng.choice(SWITCHED), place(s)
            r = s.rng.random()
            if "{r}" in t:
                device, room = "light", s.room()
                return about(do, s, device, room), Slots(s.rng, r=lambda: s.in_room(room))
            if r < 0.05 and do == "off" or r < 0.02:
                device, room = "all", s.rng.choice([None, None, s.room()])
            elif r < 0.09 and device in ("light", "lamp", "fan", "plug", "heater"):
                room = "all"
            return about(do, s, device, room), Slots(s.rng, **np(s, device, room))
        return make
    family("on", 10, g.ON, switched("on"))
    family("off", 11, g.OFF, switched("off"))

    def loud(s, device, room, t):
        """The volume may stand for what makes the sound."""
        if device == "heater":
            # "Heating at 20" is a temperature.
            return s.pick("heater", "radiator", "space heater", "electric heater", "radiators"), room
        if "{q}" in t:
            return None, room
        if device == "speaker" and s.p(0.45):
            return s.pick("volume", "volume", "sound", "music", "music volume", "sound volume"), room if s.p(0.2) else None
        if device == "tv" and s.p(0.4):
            return s.pick("tv volume", "tv sound", "volume of the tv"), None
        return None, room

    def levelled(devices, more=None):
        def make(s, t):
            device, room = s.rng.choice(devices), place(s)
            n, said = s.level()
            if "{h}" in t:
                # A quarter closed is not a quarter open: only halves are both.
                n = 50 if re.search("clos|down|lower", t) else s.rng.choice([50, 50, 25, 75, 33, 66])
                said = {50: "halfway|half way|half|half", 25: "a quarter|one quarter|a quarter of the way", 75: "three quarters|three-quarters", 33: "a third|one third|a third of the way",
                        66: "two thirds|two-thirds|two thirds of the way"}[n]
                said = s.x(f"({said})")
            word, room = loud(s, device, room, t)
            q = QUANTITY.get(device) or ADJ[device][0]
            return about("set", s, device, room, level=n), Slots(s.rng, n=lambda: said, h=lambda: said, q=f"({q})", **np(s, device, room, word))
        return make
    family("set", 10, g.SETLEVEL, levelled(LEVELLED))
    family("dimto", 3, g.DIM, levelled(["light", "light", "lamp"]))
    family("lift", 3, g.LIFT, levelled(["blinds", "blinds", "curtains"]))

    def relative(do, devices, by=False):
        def make(s, t):
            device, room = s.rng.choice(devices), place(s)
            q, up, down = ADJ[device]
            more, adj, anti = up if do == "up" else down
            word, room = loud(s, device, room, t)
            action = about(do, s, device, room)
            said = ""
            if by:
                n = s.rng.randint(1, 10) if device == "thermostat" else s.rng.choice([5, 10, 10, 15, 20, 20, 25, 30, 40, 50, s.rng.randint(1, 50)])
                action["by"] = n
                unit = s.pick(" degrees", " degrees", "", " deg", "°") if device == "thermostat" else s.pick(" percent", "%", "", " percent", " points" if n > 1 else "")
                if n == 1 and "degrees" in unit:
                    unit = " degree"
                said = (str(n) if unit in ("%", "°") else s.number(n)) + unit
            return action, Slots(s.rng, n=lambda: said, q=f"({q})", more=f"({more})", adj=f"({adj})", anti=f"({anti})", **np(s, device, room, word))
        return make
    knobs = ["light"] * 3 + ["lamp"] * 2 + ["fan"] * 2 + ["speaker"] * 3 + ["tv"] * 2 + ["thermostat"] * 2
    family("up", 4.5, g.UP, relative("up", knobs))
    family("down", 4.5, g.DOWN, relative("down", knobs))
    family("dim", 2, g.DIMDOWN, relative("down", ["light", "light", "lamp"]))
    family("brighten", 1.3, g.BRIGHTEN, relative("up", ["light", "light", "lamp"]))
    family("upby", 3, g.UPBY, relative("up", knobs, True))
    family("downby", 3, g.DOWNBY, relative("down", knobs, True))

    def ambient(s, room, empty=("", "", "in here", "in this room", "here")):
        return dict(**{"in": lambda: s.in_room(room) if room else s.pick(*empty)},
                    the=lambda: (room if room in ("upstairs", "downstairs") else "the " + s.room_words(room)) if room else s.pick("the room", "this room", "the house", "the place"))

    def warmer(s, t):
        do, room = s.pick("up", "down"), place(s, 0.5)
        more, adj, anti = ("(warmer|hotter|warmer|toastier)", "(warm|hot)", "(cold|chilly|freezing|cool)") if do == "up" else ("(cooler|colder|cooler|less hot)", "(cool|cold)", "(hot|warm|stuffy)")
        return about(do, s, "thermostat", room), Slots(s.rng, more=more, adj=adj, anti=anti, updown=do, moreless="more" if do == "up" else "less", **ambient(s, room))
    family("warmer", 3.5, g.WARMER, warmer)

    def settemp(s, t):
        room = place(s, 0.45)
        n, unit, said = s.temp()
        if "{in2}" in t or "{the}" in t or t.startswith("{n} {in}") or "put) it" in t:
            room = room or s.room(indoor=True)
        # A bare number is no temperature unless something says so.
        if not re.search(r"\{d\}|\{b\}|temp|heat|warm|thermostat", t) and not re.search("deg|°|celsius|fahrenheit| [CFcf]$", said):
            said += " degrees"
        device = "ac" if "{d}" in t and s.p(0.15) else "thermostat"
        action = about("set", s, device, room, temp=n)
        if unit:
            action["unit"] = unit
        slots = ambient(s, room)
        slots.update(np(s, device, room), n=lambda: said, in2=slots["the"])
        return action, Slots(s.rng, **slots)
    family("temp", 6, g.SETTEMP, settemp)

    def color(s, t):
        device, room, c = s.rng.choice(["light", "light", "light", "lamp", "lamp"]), place(s), s.rng.choice(list(COLORS))
        return about("set", s, device, room, color=c), Slots(s.rng, c=lambda: s.color(c), **np(s, device, room))
    family("color", 5, g.COLOR, color)

    def moved(do, devices):
        def make(s, t):
            device = s.rng.choice(devices)
            room = s.rng.choice([None, *list(DOORS), "front", "garage", "garage", "back"]) if device == "door" else place(s) if device != "gate" else None
            if device in ("blinds", "curtains") and s.p(0.05):
                room = "all"
            if "{the}" in t or "sun" in t:
                device, room = s.rng.choice(["blinds", "curtains"]), s.room(indoor=True)
                device = "blinds"
            slots = np(s, device, room)
            if "{in}" in t or "{the}" in t:
                slots.update(ambient(s, room))
            return about(do, s, device, room), Slots(s.rng, **slots)
        return make
    moving = ["blinds"] * 3 + ["curtains"] * 3 + ["door"] * 4 + ["gate"]
    family("open", 4, g.OPEN, moved("open", moving))
    family("close", 4, g.CLOSE, moved("close", moving))
    family("raise", 2, g.OPEN_BLINDS, moved("open", ["blinds", "blinds", "curtains"]))
    family("lower", 2, g.CLOSE_BLINDS, moved("close", ["blinds", "blinds", "curtains"]))
    family("stop", 1.2, g.STOP, moved("stop", ["blinds", "curtains", "door", "gate"]))
    family("lock", 2.5, g.LOCK, moved("lock", ["door"]))
    family("unlock", 2.2, g.UNLOCK, moved("unlock", ["door"]))

    def media(do, devices=("speaker",), share=0.3):
        def make(s, t):
            device = s.rng.choice(devices)
            room = place(s, share) if "{in}" in t or "{d}" in t or "{b}" in t or "{m}" in t or "{s}" in t else None
            slots = np(s, device, room)
            slots.update(ambient(s, room, ("", "", "", "now")))
            slots.update(m=lambda: s.np("speaker", room, word=s.pick("music", "playlist", "song", "songs")), s=lambda: s.np("speaker", room))
            return about(do, s, device, room), Slots(s.rng, **slots)
        return make
    family("play", 3, g.PLAY, media("play"))
    family("pause", 2.5, g.PAUSE, media("pause"))
    family("next", 1.8, g.NEXT, media("next"))
    family("prev", 1.5, g.PREV, media("prev"))
    family("mute", 2, g.MUTE, media("mute", ("tv", "tv", "speaker")))
    family("unmute", 1.5, g.UNMUTE, media("unmute", ("tv", "tv", "speaker")))

    def timer(s, t):
        n, said = s.duration()
        if "{t1}" in t:
            k = s.rng.choice([1, 2, 3, 5, 10, 15, 20, 25, 30, 40, 45, 50, 60, s.rng.randint(1, 60)])
            unit, mult = s.rng.choice([("minute", 60), ("minute", 60), ("minute", 60), ("min", 60), ("second", 1), ("hour", 3600)])
            k = s.rng.choice([1, 2, 3, 4]) if unit == "hour" else s.rng.choice([10, 15, 20, 30, 45]) if unit == "second" else k
            n, said = k * mult, (str(k) if s.p(0.5) else words(k, s.rng)) + s.pick(" ", " ", "-") + unit
            if s.p(0.07):
                n, said = 1800, s.pick("half hour", "half-hour", "thirty minute")
        return {"do": "start", "device": "timer", "for_s": n}, Slots(s.rng, t=lambda: said, t1=lambda: said)
    family("timer", 5, g.TIMER, timer)
    family("timeroff", 1.2, g.TIMEROFF, lambda s, t: ({"do": "stop", "device": "timer"}, Slots(s.rng)))

    def alarm(s, t):
        at, said = s.clock()
        return {"do": "set", "device": "alarm", "at": at}, Slots(s.rng, t=lambda: said)
    family("alarm", 4.5, g.ALARM, alarm)
    family("alarmoff", 1, g.ALARMOFF, lambda s, t: ({"do": "stop", "device": "alarm"}, Slots(s.rng)))

    def vacuum(do):
        def make(s, t):
            room = s.room(indoor=True) if ("{the2}" in t or "{in}" in t) and s.p(0.6) else None
            slots = dict(d=lambda: s.np("vacuum"), b=lambda: s.np("vacuum", bare=True), the2=lambda: s.x(f"the {s.room_words(room)}") if room else s.pick("the floor", "the house", "the floors", "here", "the carpet", "the place"))
            slots["in"] = lambda: s.in_room(room) if room else ""
            return about(do, s, "vacuum", room), Slots(s.rng, **slots)
        return make
    family("vacuum", 2, g.VACUUM, vacuum("start"))
    family("vacstop", 1, g.VACSTOP, vacuum("stop"))
    family("vachome", 1.5, g.VACHOME, vacuum("home"))

    def ask(what, devices):
        def make(s, t):
            device = s.rng.choice(devices)
            room = s.rng.choice([None, *list(DOORS), "front", "garage", "garage", "back"]) if device == "door" else place(s) if device not in ("gate", "timer", "alarm", "vacuum") else None
            if "{the}" in t:
                room = room or s.room(indoor=True)
            slots = np(s, device, room, "thermostat" if device == "thermostat" else None)
            slots.update(ambient(s, room))
            slots.update(adj=f"({ASK.get(device, 'high')})", q=f"({QUANTITY.get(device) or ADJ.get(device, ('level',))[0]})")
            return about("ask", s, device, room, what=what), Slots(s.rng, **slots)
        return make
    family("ask_on", 4.5, g.ASK_ON, ask("on", SWITCHED + ["vacuum"]))
    family("ask_open", 3.5, g.ASK_OPEN, ask("open", moving + ["door"] * 3))
    family("ask_locked", 2.3, g.ASK_LOCKED, ask("locked", ["door"]))
    family("ask_temp", 3.5, g.ASK_TEMP, ask("temp", ["thermostat"]))
    family("ask_level", 2.5, g.ASK_LEVEL, ask("level", ["light", "light", "lamp", "fan", "speaker", "speaker", "tv", "blinds", "curtains"]))
    family("ask_timer", 1.8, g.ASK_TIMER, ask("left", ["timer"]))
    family("ask_alarm", 1.4, g.ASK_ALARM, ask("at", ["alarm"]))
    return F


def pairs():
    """Sentences whose two actions share words."""
    F = {}

    def two(s, devices=SWITCHED):
        while True:
            (d, r), (e, q) = [(s.rng.choice(devices), s.room() if s.p(0.4) else None) for _ in range(2)]
            if d != e:
                return d, r, e, q

    def act(do, device, room, **more):
        return {"do": do, "device": device, **({"room": room} if room else {}), **more}

    def nps(s, d, r, e, q):
        return dict(d=lambda: s.np(d, r), e=lambda: s.np(e, q), b=lambda: s.np(d, r, bare=True), f=lambda: s.np(e, q, bare=True))

    def both(first, second):
        def make(s, t):
            d, r, e, q = two(s)
            return [act(first, d, r), act(second, e, q)], Slots(s.rng, **nps(s, d, r, e, q))
        return make
    F["pair_on"] = (3, g.PAIR_ON, both("on", "on"))
    F["pair_off"] = (3.5, g.PAIR_OFF, both("off", "off"))
    F["split"] = (3, g.SPLIT, both("on", "off"))

    def rooms(do):
        def make(s, t):
            r, q = s.rng.sample([r for r in ROOMS if r not in ("upstairs", "downstairs", "porch", "balcony", "patio")], 2)
            device = s.rng.choice(["light"] * 5 + ["lamp", "fan", "heater", "fan"])
            word = s.device_words(device)
            return [act(do, device, r), act(do, device, q)], Slots(s.rng, w=lambda: word, r=lambda: s.room_words(r), s=lambda: s.room_words(q))
        return make
    F["rooms_on"] = (3, g.PAIR_ROOM_ON, rooms("on"))
    F["rooms_off"] = (3.5, g.PAIR_ROOM_OFF, rooms("off"))

    def sets(same):
        def make(s, t):
            d, r, e, q = two(s, ["light", "light", "lamp", "fan", "speaker", "blinds"])
            n, m = s.rng.choice([5, 10, 20, 25, 30, 40, 50, 60, 70, 75, 80, 90, 100, s.rng.randint(1, 100)]), s.rng.choice([10, 20, 30, 40, 50, 60, 80, s.rng.randint(1, 100)])
            unit = s.pick("%", " percent", " percent", "")
            say = lambda k: str(k) + unit if unit == "%" else s.number(k) + unit
            more = {"level": n}, {"level": n if same else m}
            if s.p(0.3) and not same:
                c, k = s.rng.choice(list(COLORS)), s.rng.choice(list(COLORS))
                if not re.search(r" at ", t):
                    d, e = "light", "lamp"
                    return ([act("set", d, r, color=c), act("set", e, q, color=k)], Slots(s.rng, n=lambda: s.color(c), m=lambda: s.color(k), **nps(s, d, r, e, q)))
            if s.p(0.3) and not same:
                u, un, said = s.temp()
                first = act("set", "thermostat", r, temp=u, **({"unit": un} if un else {}))
                return [first, act("set", e, q, level=m)], Slots(s.rng, n=lambda: said, m=lambda: say(m), **nps(s, "thermostat", r, e, q))
            return [act("set", d, r, **more[0]), act("set", e, q, **more[1])], Slots(s.rng, n=lambda: say(n), m=lambda: say(m), **nps(s, d, r, e, q))
        return make
    F["pair_set"] = (3.5, g.PAIR_SET, sets(False))
    F["pair_same"] = (2, g.PAIR_SAME, sets(True))

    def opens(first, second):
        def make(s, t):
            d, r, e, q = two(s, ["blinds", "curtains", "door", "gate"])
            fix = lambda device, room: s.rng.choice(list(DOORS)) if device == "door" else None if device == "gate" else room
            r, q = fix(d, r), fix(e, q)
            return [act(first, d, r), act(second, e, q)], Slots(s.rng, **nps(s, d, r, e, q))
        return make
    F["pair_open"] = (2, g.PAIR_OPEN, opens("open", "open"))
    F["pair_close"] = (2, g.PAIR_CLOSE, opens("close", "close"))
    F["openclose"] = (1.5, g.OPENCLOSE, opens("open", "close"))

    def onoff(s, t):
        d, r = s.rng.choice(SWITCHED), s.room() if s.p(0.5) else None
        if s.p(0.75):
            (a, x), (b, y) = s.clock(), s.clock()
            key, x, y = "at", "at " + x, "at " + y
        else:
            (a, x), (b, y), key = s.after(), s.after(), "after_s"
        return [act("on", d, r, **{key: a}), act("off", d, r, **{key: b})], Slots(s.rng, d=lambda: s.np(d, r), b=lambda: s.np(d, r, bare=True), t=lambda: x, u=lambda: y)
    F["onoff"] = (3, g.ONOFF_AT, onoff)

    def onset(s, t):
        d, r = s.rng.choice(["light", "light", "lamp", "lamp", "fan", "speaker", "tv"]), s.room() if s.p(0.5) else None
        n, said = s.level()
        more = {"level": n}
        if d in ("light", "lamp") and "{q}" not in t and s.p(0.35):
            c = s.rng.choice(list(COLORS))
            more, said = {"color": c}, s.color(c)
        return [act("on", d, r), act("set", d, r, **more)], Slots(s.rng, d=lambda: s.np(d, r), b=lambda: s.np(d, r, bare=True), n=lambda: said, q=f"({ADJ[d][0]})")
    F["onset"] = (2.5, g.ONSET, onset)
    return F


def nones():
    """What is refused, and why."""
    F = {}
    stuff = FOODS + ["music", "cats", "summer", "the sea", "my job", "this house", "football", "rain", "winter", "my dog", "that movie", "old songs", "long walks"]
    nouns = [d for d in DEVICES]

    def gib(s):
        if s.p(0.3):
            return s.pick("blah", "foo", "bla", "xyz", "lorem", "ipsum", "foobar", "abc", "qwerty", "zzz", "hjkl", "asdfgh", "wibble", "flumph", "grmbl", "ooo", "aaa", "test123")
        return "".join(s.rng.choice("abcdefghijklmnopqrstuvwxyz" if s.p(0.8) else "qwertasdfgzxcv") for _ in range(s.rng.randint(3, 7)))

    def imperative(s):
        thing = lambda devices: s.np(*((lambda d: (d, s.rng.choice(list(DOORS)) if d == "door" else s.room() if s.p(0.45) else None))(s.rng.choice(devices))))
        n = s.level()[1]
        return s.x(s.pick("(turn|switch|put) on " + thing(SWITCHED), "(turn|switch) " + thing(SWITCHED) + " on", "(turn|switch|shut) off " + thing(SWITCHED), "(turn|switch) " + thing(SWITCHED) + " off",
                          "(open|close|shut) " + thing(["blinds", "curtains", "door", "gate"]), "(lock|unlock) " + thing(["door"]), f"set {thing(LEVELLED)} to {n}", "dim " + thing(["light", "lamp"]),
                          "(play|stop|pause) the music", "(start|stop) the (vacuum|timer)", f"(change|set) the (temperature|thermostat) (to {s.temp()[2]}|)", "wake me up", "(turn up|turn down) the (heat|volume|music)",
                          "mute the tv", "make " + thing(["light", "lamp"]) + " (blue|red|green|brighter|warmer)"))

    def refused(why):
        def make(s, t):
            device = s.rng.choice([d for d in nouns if d != "thermostat"] if s.p(0.9) else nouns)
            room = s.rng.choice(list(DOORS)) if device == "door" else s.room() if s.p(0.4) else None
            names = [p for p in PEOPLE if p not in ("he", "she", "they", "someone")]
            d = (lambda: s.np(device, room, bare=s.p(0.3))) if why == "unclear" else (lambda: s.np(device, room))
            plain = s.room(indoor=True)
            n, n2 = str(s.rng.randint(1, 100)), str(s.rng.randint(1, 100))
            return {"do": "none", "why": why}, Slots(
                s.rng, d=d, w=lambda: s.device_words(device), r=lambda: s.room_words(plain), stuff=lambda: s.rng.choice(stuff), who=lambda: s.rng.choice((PEOPLE + ["I", "we", "I", "you"]) if why == "chat" else names),
                **{"in": lambda: s.in_room(plain)}, topic=lambda: s.rng.choice(TOPICS), topic2=lambda: s.rng.choice(TOPICS), place=lambda: s.rng.choice(PLACES), num=lambda: s.number(int(n)), num2=lambda: s.number(int(n2)),
                u=lambda: s.rng.choice(UNSUPPORTED) if s.p(0.9) else gib(s) + s.pick("", "er", "ator", " machine"), n=lambda: s.level()[1], n2=lambda: n2, food=lambda: s.rng.choice(FOODS), t=lambda: s.duration()[1], c=lambda: s.clock()[1],
                gib=lambda: gib(s), gib2=lambda: gib(s), gib3=lambda: gib(s), imp=lambda: imperative(s))
        return make
    for why, weight, templates in [("chat", 7, g.CHAT), ("question", 5.5, g.QUESTION), ("unsupported", 8, g.UNSUPPORTED), ("unclear", 6, g.UNCLEAR), ("negated", 6, g.NEGATED)]:
        F[why] = (weight, templates, refused(why))
    return F


SINGLE, PAIR, NONE = [{name: (weight, list(dict.fromkeys([*templates, *framed(name)])), maker) for name, (weight, templates, maker) in group.items()}
                      for group in (families(), pairs(), nones())]
JOINS = {"join": (1, list(dict.fromkeys(g.JOIN + BETWEEN)), None), "reversed": (1, g.REVERSED, None)}
ALL = {**SINGLE, **PAIR, **NONE, **JOINS}
QUESTIONS = {"ask_on", "ask_open", "ask_locked", "ask_temp", "ask_level", "ask_timer", "ask_alarm", "question"}
TIMED = {"on", "off", "set", "dimto", "lift", "temp", "color", "open", "close", "raise", "lower", "lock", "unlock", "play", "pause", "mute", "unmute", "vacuum", "vachome"}
PLACED = {"d", "b", "in", "the", "in2", "the2", "r", "m", "s"}
LASTING = {"on", "off", "set", "temp", "color", "play", "mute", "dimto", "pause"}


def template_words(template):
    """Its own words and its slots."""
    return set(re.findall(r"[a-z']+|\{\w+\}", template.lower()))


def draw():
    """Chooses the templates to hold out. A template qualifies when each of its words and slots also occurs in another template of
    its family that is trained on: what is tested is a new arrangement, not an unknown word. One without a
    word besides its slots stays in training, and templates that differ in punctuation alone go together."""
    rng = random.Random(HELD_SEED)
    order = [(name, i) for name, (_, templates, _) in ALL.items() for i in range(len(templates))]
    rng.shuffle(order)
    twins = collections.defaultdict(list)
    for name, i in order:
        twins[name, " ".join(re.findall(r"[a-z']+|\{\w+\}|[|()]", ALL[name][1][i].lower()))].append((name, i))
    trained = collections.Counter((name, w) for name, i in order for w in template_words(ALL[name][1][i]))
    held, per = set(), collections.Counter()
    for (name, _), group in twins.items():
        own = collections.Counter((name, w) for _, i in group for w in template_words(ALL[name][1][i]))
        most = max(1, round(HELD_SHARE * len(ALL[name][1])))
        wordless = all("{" in w for _, w in own)
        if not wordless and per[name] + len(group) <= most and all(trained[w] > n for w, n in own.items()):
            held.update(group)
            per[name] += len(group)
            trained.subtract(own)
    return held


@lru_cache(None)
def split():
    """The templates that are held out: templates.json says. Templates that are added later, at the end of a family, are trained on."""
    listed = json.loads((HERE / "templates.json").read_text())["held_out"]
    return {(name, int(i)) for name, i in (t.split(".") for t in listed)}


def write_split(held):
    ids = [(f"{n}.{i}", (n, i) in held) for n, (_, ts, _) in ALL.items() for i in range(len(ts))]
    lists = {"trained": [i for i, h in ids if not h], "held_out": [i for i, h in ids if h]}
    (HERE / "templates.json").write_text(json.dumps(lists, indent=0) + "\n")
    print({k: len(v) for k, v in lists.items()}, "templates")


def serialise(action):
    return json.dumps(action, separators=(",", ":"))


def canonical(action):
    return {k: action[k] for k in KEYS if k in action}


BEFORE = """please,please,can you,could you,would you,can you please,could you please,hey,hey there,ok,okay,hi,hello,computer,assistant,
hey computer,ok computer,hey assistant,I want you to,I need you to,I'd like you to,would you please,will you,can u,pls,kindly,just,now,
be so kind and,if you can,if possible,quickly,go ahead and,I would like you to,would you kindly,so,alright,right,well,um,uh,um can you,
could someone,can somebody,somebody please,dear assistant,house,hey house,yo,listen,excuse me,sorry to bother you but,when you can,
when you have a moment,when you get a chance,if you don't mind,if it's not too much trouble,as soon as you can,first of all,good morning,
good evening,do me a favor and,be a dear and,would it be possible to,may I ask you to,help me and,let's,let us,I think you should,
it would be nice if you could,it would be great if you could,hey can you,ok please,you know what,can we,could we,"hey, could you",
hey please,hi could you,ok now,and now,also,then,next,maybe,it's late so,I'm tired so,I'm leaving so,before I forget"""
BEFORE = [b.strip().strip('"') for b in re.sub(r"\n", "", BEFORE).replace('"hey, could', 'hey could').split(",")]
AFTER = """please,please,please,thanks,thank you,now,right now,for me,for me please,if you can,will you,would you,pls,plz,asap,immediately,
ok,okay,if possible,if you don't mind,thx,right away,at once,cheers,my friend,dear,when you can,when you get a chance,quickly,will ya,mate,
can you,could you,if you would,thanks a lot,thank you very much,it's too late already,I'm tired,we're leaving,and thanks,already,then,just do it,
buddy,computer,assistant,house,ok thanks,that would be great,would be nice,as soon as possible,straight away"""
AFTER = [b.strip() for b in AFTER.replace("\n", "").split(",")]
CLAUSE_VERBS = re.compile(r"^(turn|switch|flip|put|flick|click|power|set|open|close|shut|start|stop|lock|unlock|dim|make|play|pause|mute|unmute|raise|lower|increase|decrease|reduce|change|adjust|bring|"
                          r"activate|enable|deactivate|disable|kill|cut|paint|color|colour|brighten|boost|crank|bump|run|vacuum|hoover|clean|send|dock|skip|wake|get|give|keep|move|take|heat|warm|cool|roll|pull|draw|secure|bolt|"
                          r"cancel|delete|resume|tell|check|show|have|let|add|count|time|remind|ring|beep|fade|drop|soften|silence|go|see|leave|hold|unbolt|push|lift|pop|stick|light|engage|fire|energize|end)\b")
NUMBER_WORDS = set("one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred "
                   "half quarter third thirds past noon midnight open close locked unlocked lock unlock down upstairs downstairs".split())
KEYBOARD = {a: b for row in ("qwertyuiop", "asdfghjkl", "zxcvbnm") for a, b in zip(row, row[1:])}


def typo(rng, word):
    """One slip of the fingers."""
    i = rng.randrange(1, len(word) - 1)
    kind = rng.random()
    if kind < 0.35:
        return word[:i] + word[i + 1] + word[i] + word[i + 2:]
    if kind < 0.65:
        return word[:i] + word[i + 1:]
    if kind < 0.85:
        return word[:i] + word[i] + word[i:]
    return word[:i] + KEYBOARD.get(word[i], word[i]) + word[i + 1:]


def plain(text):
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()


@lru_cache(None)
def handwritten():
    """Sentences that are never generated, in whatever case and punctuation: they are for testing alone."""
    return {plain(json.loads(line)["text"]) for line in open(HERE / "handwritten.jsonl")}


class Generator:
    """Samples of one side of the split: dicts with text, actions, category and template ids."""

    def __init__(self, seed, held=False):
        self.rng = random.Random(seed)
        self.s = Speech(self.rng)
        # Training sees more slips and shouting than the test.
        self.held, self.slips, self.led = held, 1 if held else 1.6, False
        side = split()
        self.templates = {name: [i for i in range(len(ts)) if ((name, i) in side) == held] for name, (_, ts, _) in ALL.items()}

    def choose(self, group):
        names = [n for n in group if self.templates[n]]
        return self.rng.choices(names, [group[n][0] for n in names])[0]

    def clause(self, group, name=None, times=0.25):
        """One template filled: name, id, action and text."""
        s, rng = self.s, self.rng
        name = name or self.choose(group)
        i = rng.choice(self.templates[name])
        template = group[name][1][i]
        action, slots = group[name][2](s, template)
        # Alternatives first: they may hold slots, and what fills a slot is not expanded again.
        text, used = expand(rng, template), set()
        while m := re.search(r"\{(\w+)\}", text):
            used.add(m[1])
            text = text[:m.start()] + slots[m[1]] + text[m.end():]
        text = re.sub(r" +", " ", text).strip()
        text = text.replace("the my ", "my ").replace("the the ", "the ").replace("the a ", "a ").replace("my my ", "my ")
        if isinstance(action, dict) and not used & PLACED:
            # Nothing has named the room.
            action.pop("room", None)
        self.led = False
        if name in TIMED and s.p(times):
            action, text = self.timed(name, action, text)
        return name, f"{name}.{i}", action, text

    def timed(self, name, action, text):
        s = self.s
        kinds = ["after_s", "after_s", "at", "at"] + (["for_s", "for_s"] if name in LASTING else [])
        kind = self.rng.choice(kinds)
        if kind == "after_s":
            v, said = s.after()
        elif kind == "for_s":
            v, said = s.during()
        else:
            v, said = s.clock()
            said = ("at " + said) if said not in ("noon", "midnight", "midday") or s.p(0.8) else "at " + said
            if s.p(0.06):
                said += " sharp"
        action = {**action, kind: v}
        self.led = kind != "for_s" and s.p(0.25)
        if self.led:
            text = f"{said}{s.pick(',', '', '')} {text}"
        else:
            text = f"{text}{s.pick('', '', '', ',')} {said}" if not text.endswith((".", ":")) else f"{text} {said}"
        if kind == "at" and name in LASTING and s.p(0.08):
            d, said = s.during()
            action["for_s"] = d
            text += " " + said
        return action, text

    def single(self):
        name, tid, action, text = self.clause(SINGLE)
        return [action], name, [tid], self.polite(text, name), False

    def double(self):
        rng, s = self.rng, self.s
        if rng.random() < 0.42:
            name, tid, actions, text = self.clause(PAIR)
            return actions, name, [tid], self.polite(text, name), True
        parts = [self.clause(SINGLE, times=0.12) for _ in range(2)]
        if rng.random() < 0.75:
            # Mostly two things that one does, not asks.
            while any(p[0] in QUESTIONS for p in parts):
                parts = [self.clause(SINGLE, times=0.12) for _ in range(2)]
        (n1, t1, a1, x1), (n2, t2, a2, x2) = parts
        kind = "reversed" if rng.random() < 0.07 and self.templates["reversed"] and n1 not in QUESTIONS and n2 not in QUESTIONS and CLAUSE_VERBS.match(x1) and CLAUSE_VERBS.match(x2) else "join"
        while True:
            j = rng.choice(self.templates[kind])
            join = JOINS[kind][1][j]
            # Where a time leads the second part, a word must part it from the first: "lamp on, at 7 fan off" is anyone's guess.
            if not self.led or re.search(r"\{x\}.*[a-z&+/].*\{y\}", join, re.I) or kind == "reversed":
                break
        # The second part may carry its own courtesy.
        if rng.random() < 0.08 and CLAUSE_VERBS.match(x2) and "please" not in join and "could" not in join:
            x2 = s.pick("please ", "can you ", "could you ", "also ", "maybe ", "just ") + x2
        text = expand(rng, join).replace("{x}", x1).replace("{y}", x2)
        if kind == "reversed":
            # {y} happens first.
            a1, a2 = a2, a1
        if not re.match(r"first|both|two|1|one|after|before|once", text):
            text = self.polite(text, n1)
        return [a1, a2], kind, [f"{kind}.{j}", t1, t2], text, True

    def none(self):
        name, tid, action, text = self.clause(NONE)
        if name in ("unsupported",) or name == "negated" and not re.match(r"(please|wait|no,|hold|hey)", text):
            text = self.polite(text, name, 0.6)
        elif self.s.p(0.06) and name == "unclear":
            text = self.s.pick("please ", "hey, ", "ok ", "um ", "can you ") + text
        elif self.s.p(0.04):
            text = self.s.pick("hey, ", "ok, ", "well, ", "um, ", "so ") + text
        return [action], name, [tid], text, False

    def polite(self, text, name, scale=1.0):
        s, rng = self.s, self.rng
        starts = bool(CLAUSE_VERBS.match(text))
        if s.p(0.42 * scale):
            before = rng.choice(BEFORE)
            imperative_only = before.split()[-1] in ("you", "to", "u", "could", "and", "can", "we", "should", "will", "somebody", "please", "kindly", "someone", "just", "go", "let's", "us", "ahead", "maybe", "quickly") or "you" in before.split()
            if name in QUESTIONS or not starts:
                before = s.pick("hey", "ok", "hi", "hello", "computer", "assistant", "please", "so", "well", "um", "uh", "excuse me", "tell me," if name in QUESTIONS else "hey computer", "house", "listen", "sorry,", "alright", "good evening", "quick question" if name in QUESTIONS else "now")
                imperative_only = False
            comma = "," if not imperative_only and s.p(0.6) and not before.endswith(",") else ""
            text = f"{before}{comma} {text}"
        if s.p(0.22 * scale) and name not in ("question",):
            after = rng.choice(AFTER) if name not in QUESTIONS else s.pick("please", "thanks", "do you know", "right now", "by chance", "by the way", "can you tell me", "I forgot", "just curious")
            text = f"{text}{',' if s.p(0.45) else ''} {after}"
        return text

    def surface(self, text, name):
        """Casing, punctuation and slips, as people type and as speech is transcribed."""
        rng = self.rng
        question = name in QUESTIONS or re.match(r"(hey,? |ok,? |um,? |uh,? )?(can|could|would|will|is|are|did|do|does|how|what|who|when|where|why)\b", text, re.I)
        style = rng.random()
        if style < 0.40:
            # Spoken: no case, little punctuation.
            # A question mark of the template's own stays: without it "lamp on?" is a command.
            text = re.sub(r"(?<!\d)[,;](?!\d)|[!:]+(?=\s|$)|\.(?=\s|$)", "", text)
            if rng.random() < 0.9:
                text = text.lower()
            if rng.random() < 0.3:
                text = text.replace("'", "")
            text = text.replace("a m ", "am ")
        elif style < 1 - 0.015 * self.slips:
            end = ("?" if question and rng.random() < 0.85 else "." if rng.random() < 0.6 else "!" if rng.random() < 0.2 else "") if rng.random() < 0.75 else ""
            if end and not text.endswith((".", "?", "!")):
                text += end
            if rng.random() < 0.8:
                text = text[:1].upper() + text[1:]
                text = re.sub(r"([.?!] )(\w)", lambda m: m[1] + (m[2].upper() if rng.random() < 0.8 else m[2]), text)
            if rng.random() < 0.02:
                text += end
        elif style < 1 - 0.007 * self.slips:
            text = text.upper()
        else:
            text = text.title()
        if rng.random() < 0.08 * self.slips:
            ws = text.split(" ")
            for _ in range(rng.choice([1, 1, 1, 1, 2])):
                i = rng.randrange(len(ws))
                if len(ws[i]) >= 4 and ws[i].isalpha() and ws[i].lower() not in NUMBER_WORDS:
                    ws[i] = typo(rng, ws[i])
            text = " ".join(ws)
        if rng.random() < 0.03 * self.slips:
            ws = text.split(" ")
            ws.insert(rng.randrange(len(ws)), rng.choice(["um", "uh", "like", "er", "please", "just", "maybe", "hmm"]))
            text = " ".join(ws)
        return re.sub(r" +", " ", text).strip()

    def sample(self, category=None):
        category = category or self.rng.choices(["single", "double", "none"], [43, 40, 17])[0]
        while True:
            actions, name, ids, text, many = getattr(self, category)()
            text = self.surface(text, name)
            if 0 < len(text) < 150 and plain(text) not in handwritten():
                break
        actions = [canonical(a) for a in actions]
        answer = serialise(actions if many else actions[0])
        return {"text": text, "json": answer, "category": category, "templates": ids}


def heldout():
    """The held-out set: distinct sentences of held-out templates only."""
    gen, seen, rows = Generator(HELD_SEED + 1000, held=True), set(), []
    for category, n in HELD_COUNTS.items():
        k = 0
        while k < n:
            row = gen.sample(category)
            if row["text"].lower() in seen:
                continue
            seen.add(row["text"].lower())
            rows.append(row)
            k += 1
    return rows


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--sample", type=int, default=0)
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--category")
    args.add_argument("--heldout", action="store_true")
    args.add_argument("--draw", action="store_true")
    args = args.parse_args()
    if args.draw:
        write_split(draw())
    gen = Generator(args.seed)
    for _ in range(args.sample):
        row = gen.sample(args.category)
        print(f"{row['text']}\n    {row['json']}")
    if args.heldout:
        rows = heldout()
        with open(HERE / "heldout.jsonl", "w") as f:
            f.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        write_split(split())


if __name__ == "__main__":
    main()
