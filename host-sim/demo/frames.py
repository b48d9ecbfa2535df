"""Ways to ask that go with any command, and the commands of each family in the forms that they take: an imperative and an -ing form,
what is to be done to a thing, and of questions an indirect and a direct form."""

ASKING = """
(can|could|would|will) you {do}
(can|could) you please {do}
(I want|I'd like|I would like) you to {do}
(I|we) (need|want) to {do}
(would|do) you mind {doing}
(how about|what about) {doing}
(thanks|thank you) for {doing}
(what if you|why don't you|why not) {do}
(you can|you may|you should|you could) {do}
(you have to|you need to|you must) {do}
(go ahead and|go on and|just go and) {do}
(it's time|it is time|time) to {do}
(make sure|be sure|don't forget|remember) to {do}
(is it|would it be) (possible|okay|alright) to {do}
(I'd appreciate|we'd appreciate) it if you could {do}
(it would|it'd) be (nice|great|good|lovely) if you could {do}
(it would|it'd) be (nice|great|good|lovely) to {do}
(I was wondering|I wonder) if you could {do}
(any chance|is there any chance) you could {do}
(do me a favor|do me a favour|be so kind) and {do}
(I think|maybe|perhaps) (you should|we should|it's time to) {do}
(I'm asking|I ask) you to {do}
(may|can|could) I ask you to {do}
(help me|help us) {do}
(let's|let us) {do}
(feel free|get ready) to {do}
(I forgot|we forgot) to {do}, (please do it|can you do that|do it for me)
(what I want is|all I want is) to {do}
(here's|this is) what I want: {do}
(next thing|your task|new task|one request): {do}
(start|begin|finish) by {doing}
(consider|proceed with|see about) {doing}
""".strip().split("\n")

WONDERING = """
(do you know|do you happen to know) {if}
(can|could) you tell me {if}
(can|could|would) you check {if}
(please tell me|tell me|tell us) {if}
(please check|check|double check) {if}
(I|we) (want|need) to know {if}
(I'd like|I would like) to (know|find out) {if}
(I wonder|I was wondering|I'm wondering) {if}
(I'm not sure|I am not sure|not sure) {if}
(I forgot|I can't remember|I don't remember|I don't know) {if}
(any idea|any clue|have you any idea) {if}
(let me know|find out|see|have a look) {if}
(can|could) you (find out|see|look up|have a look) {if}
(would|do) you mind (checking|telling me|looking) {if}
(is it possible|I want you) to (see|check|tell me) {if}
(quick question|one question|just curious): {if}
""".strip().split("\n")

ON_OFF = [("turn on {d}", "turning on {d}"), ("switch {d} on", "switching {d} on")]
TURN_UP = [("turn up {d}", "turning up {d}"), ("turn {d} up (a bit|a little|)", "turning {d} up (a bit|a little|)"), ("make {d} {more}", "making {d} {more}")]
COMMANDS = {
    "on": ON_OFF,
    "off": [(a.replace(" on", " off"), b.replace(" on", " off")) for a, b in ON_OFF],
    "set": [("(set|put|turn) {d} to {n}", "(setting|putting|turning) {d} to {n}"), ("set the {q} of {d} to {n}", "setting the {q} of {d} to {n}")],
    "dimto": [("(dim|lower|brighten) {d} to {n}", "(dimming|lowering|brightening) {d} to {n}")],
    "lift": [("(open|close|raise|lower) {d} to {n}", "(opening|closing|raising|lowering) {d} to {n}")],
    "up": TURN_UP,
    "down": [(a.replace(" up", " down"), b.replace(" up", " down")) for a, b in TURN_UP],
    "dim": [("dim {d}", "dimming {d}")],
    "brighten": [("brighten {d}", "brightening {d}")],
    "upby": [("(raise|increase) {d} by {n}", "(raising|increasing) {d} by {n}"), ("turn {d} up (by |){n}", "turning {d} up (by |){n}")],
    "downby": [("(lower|reduce) {d} by {n}", "(lowering|reducing) {d} by {n}"), ("turn {d} down (by |){n}", "turning {d} down (by |){n}")],
    "warmer": [("make it (a bit |){more} {in}", "making it (a bit |){more} {in}"), ("turn {updown} the (heat|heating) {in}", "turning {updown} the (heat|heating) {in}")],
    "temp": [("(set|put|turn) {d} to {n}", "(setting|putting|turning) {d} to {n}"), ("(make|keep) it {n} {in}", "(making|keeping) it {n} {in}")],
    "color": [("(make|turn|paint) {d} {c}", "(making|turning|painting) {d} {c}"), ("(set|change|switch) {d} to {c}", "(setting|changing|switching) {d} to {c}")],
    "open": [("open {d}", "opening {d}")],
    "close": [("(close|shut) {d}", "(closing|shutting) {d}")],
    "raise": [("(raise|lift|pull up) {d}", "(raising|lifting|pulling up) {d}")],
    "lower": [("(lower|draw|pull down) {d}", "(lowering|drawing|pulling down) {d}")],
    "stop": [("(stop|halt) {d}", "(stopping|halting) {d}")],
    "lock": [("(lock|bolt) {d}", "(locking|bolting) {d}")],
    "unlock": [("(unlock|unbolt) {d}", "(unlocking|unbolting) {d}")],
    "play": [("(play|put on) some (music|songs) {in}", "(playing|putting on) some (music|songs) {in}"), ("(start|resume) the music {in}", "(starting|resuming) the music {in}")],
    "pause": [("(pause|stop) the (music|song) {in}", "(pausing|stopping) the (music|song) {in}")],
    "next": [("(skip|change) this (song|track)", "(skipping|changing) this (song|track)"), ("(play|go to) the next (song|track)", "(playing|going to) the next (song|track)")],
    "prev": [("(play|go back to) the (previous|last) (song|track)", "(playing|going back to) the (previous|last) (song|track)")],
    "mute": [("(mute|silence) {d}", "(muting|silencing) {d}"), ("turn off the sound of {d}", "turning off the sound of {d}")],
    "unmute": [("unmute {d}", "unmuting {d}"), ("turn the sound of {d} back on", "turning the sound of {d} back on")],
    "timer": [("(set|start) a timer for {t}", "(setting|starting) a timer for {t}"), ("(set|start) a {t1} timer", "(setting|starting) a {t1} timer")],
    "timeroff": [("(cancel|stop|delete) (the|my) timer", "(cancelling|stopping|deleting) (the|my) timer")],
    "alarm": [("set (an|the|my) alarm (for|at) {t}", "setting (an|the|my) alarm (for|at) {t}"), ("wake me (up |)at {t}", "waking me (up |)at {t}")],
    "alarmoff": [("(cancel|stop|delete) (the|my) alarm", "(cancelling|stopping|deleting) (the|my) alarm")],
    "vacuum": [("(vacuum|hoover|clean) {the2}", "(vacuuming|hoovering|cleaning) {the2}"), ("(start|run) {d}", "(starting|running) {d}")],
    "vacstop": [("(stop|pause) {d}", "(stopping|pausing) {d}")],
    "vachome": [("send {d} (home|to its dock)", "sending {d} (home|to its dock)"), ("(dock|charge) {d}", "(docking|charging) {d}")],
    "unsupported": [("(turn|switch) (on|off) the {u}", "(turning|switching) (on|off) the {u}"), ("(start|stop|open|set up) the {u}", "(starting|stopping|opening|setting up) the {u}"),
                    ("(call|text|email) {who}", "(calling|texting|emailing) {who}"), ("(buy|order) {food}", "(buying|ordering) {food}")],
    # Two actions
    "pair_on": [("(turn|switch) on {d} and {e}", "(turning|switching) on {d} and {e}"), ("(turn|switch) {d} and {e} on", "(turning|switching) {d} and {e} on")],
    "pair_off": [("(turn|switch) off {d} and {e}", "(turning|switching) off {d} and {e}"), ("(turn|switch) {d} and {e} off", "(turning|switching) {d} and {e} off")],
    "rooms_on": [("(turn|switch) on the {w} in the {r} and the {s}", "(turning|switching) on the {w} in the {r} and the {s}"), ("turn on the {r} and {s} {w}", "turning on the {r} and {s} {w}")],
    "rooms_off": [("(turn|switch) off the {w} in the {r} and the {s}", "(turning|switching) off the {w} in the {r} and the {s}"), ("turn off the {r} and {s} {w}", "turning off the {r} and {s} {w}")],
    "split": [("(turn|switch) {d} on and {e} off", "(turning|switching) {d} on and {e} off"), ("turn on {d} but turn off {e}", "turning on {d} but turning off {e}")],
    "pair_set": [("(set|put|turn) {d} to {n} and {e} to {m}", "(setting|putting|turning) {d} to {n} and {e} to {m}")],
    "pair_same": [("(set|put|turn) {d} and {e} to {n}", "(setting|putting|turning) {d} and {e} to {n}")],
    "pair_open": [("open {d} and {e}", "opening {d} and {e}")],
    "pair_close": [("(close|shut) {d} and {e}", "(closing|shutting) {d} and {e}")],
    "openclose": [("open {d} and (close|shut) {e}", "opening {d} and (closing|shutting) {e}")],
    "onoff": [("(turn|switch) on {d} {t} and off {u}", "(turning|switching) on {d} {t} and off {u}"), ("(turn|switch) {d} on {t} and off again {u}", "(turning|switching) {d} on {t} and off again {u}")],
    "onset": [("(turn|switch) on {d} and set it to {n}", "(turning|switching) on {d} and setting it to {n}"), ("(turn|switch) {d} on and make it {n}", "(turning|switching) {d} on and making it {n}")],
}
QUESTIONS = {
    "ask_on": ["(if|whether) {d} (is|are) (on|off|running)", "(if|whether) (I|we|someone) left {d} on"],
    "ask_open": ["(if|whether) {d} (is|are) (open|closed|shut)", "(if|whether) (I|we|someone) (closed|shut|opened) {d}"],
    "ask_locked": ["(if|whether) {d} is (locked|unlocked)", "(if|whether) (I|we|someone) locked {d}"],
    "ask_temp": ["how (warm|cold|hot) it is {in}", "what the temperature is {in}", "what {d} is set to"],
    "ask_level": ["how {adj} {d} (is|are)", "what {d} (is|are) set to", "what the {q} of {d} is"],
    "ask_timer": ["how (much time|long) is left on (the|my) timer", "when (the|my) timer (ends|goes off|is done)"],
    "ask_alarm": ["when (the|my) alarm (rings|goes off)", "what time (the|my) alarm is set (for|to)", "(if|whether) (the|my) alarm is set"],
}

WANTING = """
(I want|I'd like|I would like|we want|we'd like) {np} {done}
(I|we) (need|want|would like) {np} to be {done}
(can|could) {np} be {done}
(can|could) (I|we) (have|get) {np} {done}
(can|could|would) you (get|have) {np} {done}
(get|have) {np} {done}
(let's|let us) (get|have) {np} {done}
let {np} be {done}
{np} (should|must|has to|have to|ought to|needs to|need to) be {done}
{np} (is|are) to be {done}
{np} {done}
{np}: {done}
(make sure|ensure|see to it) that {np} (gets|get|is|are) {done}
see (that|to it that) {np} (gets|get|is|are) {done}
(it's time|it is time|time) for {np} to be {done}
(it's time|it is time|time) to (get|have) {np} {done}
(how about|what about) (having|getting) {np} {done}
(is it|would it be) (possible|okay) to (have|get) {np} {done}
(it would|it'd) be (nice|good|great|lovely) to (have|see) {np} {done}
(it would|it'd) be (nice|good|great) if {np} (was|were|could be) {done}
(I'd prefer|I prefer|I'd rather have) {np} {done}
(I'd love|we'd love|I'd be glad) to (have|see) {np} {done}
(would|do) you mind (having|getting) {np} {done}
(all I want is|what I want is|what I need is) {np} {done}
(next thing|your task|new task|one request): {np} {done}
(I expect|I wish) {np} to be {done}
(may|might) (I|we) (have|get) {np} {done}
(I was wondering|I wonder) if {np} could be {done}
(any chance|is there any chance) (of getting|of having|to get) {np} {done}
(I think|maybe|perhaps) {np} should be {done}
(go and|go ahead and|just) (get|have) {np} {done}
""".strip().split("\n")
D = "{d}"
DONE = {
    "on": [(D, "(turned|switched) on")],
    "off": [(D, "(turned|switched|shut) off")],
    "set": [(D, "(set|put|turned) to {n}"), ("the {q} of {d}", "(set|changed) to {n}")],
    "dimto": [(D, "(dimmed|lowered|brightened) to {n}")],
    "lift": [(D, "(opened|closed|raised|lowered) to {n}")],
    "up": [(D, "turned up (a bit|a little|)"), (D, "(made|set) {more}")],
    "down": [(D, "turned down (a bit|a little|)"), (D, "(made|set) {more}")],
    "dim": [(D, "dimmed (a bit|a little|)")],
    "brighten": [(D, "brightened (a bit|a little|)")],
    "upby": [(D, "(raised|increased) by {n}"), (D, "turned up (by |){n}")],
    "downby": [(D, "(lowered|reduced) by {n}"), (D, "turned down (by |){n}")],
    "warmer": [("the (heat|heating)", "turned {updown} {in}"), ("it", "made (a bit |a little |){more} {in}")],
    "temp": [(D, "(set|put|turned) to {n}")],
    "color": [(D, "(turned|painted) {c}"), (D, "(set|changed|switched) to {c}")],
    "open": [(D, "opened")],
    "close": [(D, "(closed|shut)")],
    "raise": [(D, "(raised|lifted|pulled up)")],
    "lower": [(D, "(lowered|drawn|pulled down)")],
    "stop": [(D, "(stopped|halted)")],
    "lock": [(D, "(locked|bolted)")],
    "unlock": [(D, "(unlocked|unbolted)")],
    "play": [("some (music|songs)", "(played|put on) {in}"), ("the (music|songs)", "(started|resumed) {in}")],
    "pause": [("the (music|song)", "(paused|stopped) {in}")],
    "next": [("this (song|track)", "skipped"), ("the next (song|track)", "(played|put on)")],
    "prev": [("the (previous|last) (song|track)", "played (again|)")],
    "mute": [(D, "(muted|silenced)"), ("the sound of {d}", "turned off")],
    "unmute": [(D, "unmuted"), ("the sound of {d}", "turned back on")],
    "timer": [("a timer for {t}", "(set|started)"), ("a {t1} timer", "(set|started)")],
    "timeroff": [("(the|my) timer", "(cancelled|stopped|deleted)")],
    "alarm": [("(an|the|my) alarm", "set (for|at) {t}")],
    "alarmoff": [("(the|my) alarm", "(cancelled|stopped|deleted)")],
    "vacuum": [("{the2}", "(vacuumed|hoovered|cleaned)"), (D, "started")],
    "vacstop": [(D, "(stopped|paused)")],
    "vachome": [(D, "sent (home|to its dock)"), (D, "(docked|charged)")],
    "unsupported": [("the {u}", "(turned|switched) (on|off)"), ("the {u}", "(started|stopped|opened|set up)"), ("(some |){food}", "(bought|ordered)")],
    "pair_on": [("{d} and {e}", "(turned|switched) on")],
    "pair_off": [("{d} and {e}", "(turned|switched) off")],
    "rooms_on": [("the {w} in the {r} and the {s}", "(turned|switched) on"), ("the {r} and {s} {w}", "(turned|switched) on")],
    "rooms_off": [("the {w} in the {r} and the {s}", "(turned|switched) off"), ("the {r} and {s} {w}", "(turned|switched) off")],
    "split": [(D, "(turned|switched) on and {e} (turned|switched) off"), (D, "(turned|switched) on but {e} off")],
    "pair_set": [(D, "(set|put|turned) to {n} and {e} to {m}")],
    "pair_same": [("{d} and {e}", "(set|put|turned) to {n}")],
    "pair_open": [("{d} and {e}", "opened")],
    "pair_close": [("{d} and {e}", "(closed|shut)")],
    "openclose": [(D, "opened and {e} (closed|shut)")],
    "onoff": [(D, "(turned|switched) on {t} and off (again |){u}")],
    "onset": [(D, "(turned|switched) on and set to {n}")],
}
DIRECTLY = """
(question|a question|quick question|one question): {ask}
{ask}, (do you know|any idea|can you tell me)
(tell me|say|answer me), {ask}
{ask}? (I'm curious|I need to know|I want to know)
{ask}? (please check|please tell me|check for me)
(by the way|just wondering|I'm wondering|I was wondering), {ask}
(do you know|any idea): {ask}
(hmm|so|well|now), {ask}
(remind me|please check|check this): {ask}
{ask} (right now|at the moment|currently|just now)
(before I go|before we leave|before bed|before I forget), {ask}
(my question is|what I want to know is|I'm asking): {ask}
(and|but) {ask}
(I can't tell|I can't see from here), {ask}
{ask} (then|now)
(really|seriously), {ask}
""".strip().split("\n")
ASKED = {
    "ask_on": ["(is|are) {d} (on|off|running)", "did (I|we|someone) leave {d} on"],
    "ask_open": ["(is|are) {d} (open|closed|shut)", "did (I|we|someone) (close|shut|open) {d}"],
    "ask_locked": ["is {d} (locked|unlocked)", "did (I|we|someone) lock {d}"],
    "ask_temp": ["is it (warm|cold|hot|cool) {in}", "how (warm|cold|hot) is it {in}", "what is the temperature {in}", "what is {d} set to"],
    "ask_level": ["how {adj} (is|are) {d}", "what (is|are) {d} set to", "what is the {q} of {d}"],
    "ask_timer": ["how (much time|long) is left on (the|my) timer", "when does (the|my) timer (end|go off)", "is (the|my) timer (done|still running)"],
    "ask_alarm": ["when does (the|my) alarm (ring|go off)", "what time is (the|my) alarm set (for|to)", "is (the|my) alarm set", "do (I|we) have an alarm (set|)"],
}


def framed(family):
    """The templates of a family that these make: each way to ask is one, which holds the family's commands as alternatives in turn."""
    cycle = lambda frames, forms, fill: [fill(frame, forms[i % len(forms)]) for i, frame in enumerate(frames)] if forms else []
    asked = cycle(WONDERING, QUESTIONS.get(family), lambda frame, form: frame.replace("{if}", form))
    asked += cycle(DIRECTLY, ASKED.get(family), lambda frame, form: frame.replace("{ask}", form))
    asked += cycle(ASKING, COMMANDS.get(family), lambda frame, form: frame.replace("{do}", form[0]).replace("{doing}", form[1]))
    return asked + cycle(WANTING, DONE.get(family), lambda frame, form: frame.replace("{np}", form[0]).replace("{done}", form[1]))


# Words between two parts; a comma, a full stop or nothing before them.
BETWEEN = """and then, and also, then also, and besides, besides, additionally, and additionally, furthermore, moreover, on top of that, and on top of that,
apart from that, meanwhile, in the meantime, and in the meantime, by the way, and by the way, oh yes and, oh wait, and yes, right after that, and right after,
straight after that, once that's done, and once that is done, once you've done that, when that is finished, and when you have finished, after doing that, having done that,
subsequently, later on, secondly, and secondly, lastly, and lastly, last but not least, as a next step, as the next thing, the next thing is, and the other thing is,
another thing is, another thing, one more request, my second wish is, and if you can, and if possible, and would you also, and I'd like you to also, then would you,
then can you, then I want you to, I'd also like you to, and I need you to, could you then, can you then, would you then, and don't forget to, and make sure to, and remember to"""
BETWEEN = [f"{{x}}(,|.|) {w.strip()} {{y}}" for w in BETWEEN.replace("\n", " ").split(",")]
