"""The demo's language: families of templates, each with the action that its sentences mean.

A template is one string; "(a|b|)" offers alternatives, {names} are filled by the family. A template's id is its family and its
number in it. The split between training and held-out data is by these ids.
"""
import re

TURN = "(turn|switch|turn|switch|flip|put|flick|click|power)"
GO = "(turn|switch|put|set|get|flip)"
SET = "(set|set|put|turn|adjust|change|bring|move)"

ON = f"""
(I want|I'd like|I need) you to (turn|switch|put) on {{d}}
(please |)(turn|switch) {{d}} back on
(turn|switch|put) {{d}} on again
{{d}} back on
(get|have) {{d}} (turned|switched) on
(it's|it is) (dark|cold|time|late), (turn|switch|put) on {{d}}
(can|could) (I|we) have {{d}} on
(can|could) (I|we) get {{d}} on
{{d}} on now
{{d}} (needs|has|ought) to be on
{{b}} (turned|switched|powered) on
(let there be|I need some) light {{r}}
{TURN} {{b}} (back |)on
{{d}} has to (go|come) on
(why is|why isn't) {{d}} (off|on yet), turn it on
(go|run) and (turn|switch) on {{d}}
it would be (nice|good|great) to have {{d}} on
I can't see anything, (turn|switch) on {{d}}
{TURN} on {{d}}
{TURN} {{d}} on
{TURN} {{d}} on (now|right now|straight away|again|immediately)
(power|start|fire|light|switch) up {{d}}
(activate|enable|start|engage|energize|run) {{d}}
get {{d}} (going|running|started|on|working)
(make|have) {{d}} (run|go on|come on|start)
{{d}} on
{{b}} on
{{b}} (should be|must be|needs to be|has to be|ought to be) on
(I want|I need|I would like|I'd like|we need|I wanna have|I want to have) {{d}} on
(I want|I need|I would like|I'd like|we want) {{d}} (turned|switched|powered) on
(let|let's) (have|get) {{d}} on
on with {{d}}
(bring|put) on {{d}}
give {{d}} (power|some power|electricity)
start {{d}} (now|up|right away|for me|please)
(go ahead and|quickly|just) {TURN} on {{d}}
see that {{d}} (is|gets) (on|turned on|switched on)
(make sure|ensure|make certain) (that |){{d}} (is|gets turned|gets switched) on
(you can|you may|you should|you could) {TURN} {{d}} on
(you can|you may|you should|you could) {TURN} on {{d}} (now|)
(would|do) you mind (turning|switching|putting) on {{d}}
(would|do) you mind (turning|switching|putting) {{d}} on
(how about|what about) (turning|switching|putting) {{d}} on
(pop|stick|whack|chuck|throw|get|put) {{d}} on
(pop|stick|get|flick|flip) on {{d}}
time to {TURN} on {{d}}
time to {TURN} {{d}} on
(I|we) need you to {TURN} on {{d}}
(I'm|I am|we're) (cold|freezing|bored|tired|home), (so |){TURN} on {{d}}
set {{d}} to on
{{d}}: on
on: {{b}}
command: {TURN} on {{d}}
{{d}} (goes|go) on
(use|boot) {{d}}
can {{d}} be (turned|switched) on
could {{d}} (go|be switched|be turned|come) on
is it possible to {TURN} on {{d}}
I (forgot|didn't remember) to {TURN} on {{d}}, (can you do it|please do it|do it now|do it for me)
{TURN} on {{b}}
{TURN} {{b}} on
{{b}} on please
(wake|wake up|liven up) {{d}}
it's time for {{d}} to (go|come|be) on
""".strip().split("\n")

OFF = f"""
(I want|I'd like|I need) you to (turn|switch|put) off {{d}}
(please |)(turn|switch) {{d}} back off
(turn|switch|put) {{d}} off again
{{d}} back off
(get|have) {{d}} (turned|switched|shut) off
(it's|it is) (late|hot|time|bright), (turn|switch|put) off {{d}}
(can|could) (I|we) have {{d}} off
(can|could) (I|we) get {{d}} off
{{d}} off now
{{d}} out now
{{d}} (needs|has|ought) to be off
{{b}} (turned|switched|powered|shut) off
{TURN} {{b}} (back |)off
{{d}} has to go off
(why is|why's) {{d}} (still |)on, turn it off
(go|run) and (turn|switch) off {{d}}
it would be (nice|good|great) to have {{d}} off
{{d}} can be (turned|switched) off
lights off {{r}}
all lights (out|off) {{r}}
(kill|cut) {{b}}
(kill|cut) {{d}} (now|for me|please)
(get rid of|no more) light {{r}}
{{d}}, off
{TURN} off {{d}}
{TURN} {{d}} off
{TURN} {{d}} off (now|right now|straight away|again|immediately)
(shut|power) down {{d}}
(shut|shut) off {{d}}
shut {{d}} off
(deactivate|disable|stop|kill|cut|disengage|end|extinguish) {{d}}
(kill|cut) the power (to|of|for) {{d}}
{{d}} off
{{b}} off
{{b}} out
{{b}} (should be|must be|needs to be|has to be|ought to be) off
(I want|I need|I would like|I'd like|we need|I wanna have|I want to have) {{d}} off
(I want|I need|I would like|I'd like|we want) {{d}} (turned|switched|powered|shut) off
(let|let's) (have|get) {{d}} off
off with {{d}}
(no more|enough of|enough with) {{d}}
(cut|take) (power|the power|the electricity) (to|from|for) {{d}}
stop {{d}} (now|right away|for me|please|running|from running)
(go ahead and|quickly|just) {TURN} off {{d}}
see that {{d}} (is|gets) (off|turned off|switched off|shut off)
(make sure|ensure|make certain) (that |){{d}} (is|gets turned|gets switched) off
(you can|you may|you should|you could) {TURN} {{d}} off
(you can|you may|you should|you could) {TURN} off {{d}} (now|)
(would|do) you mind (turning|switching|shutting|putting) off {{d}}
(would|do) you mind (turning|switching|shutting|killing|cutting) {{d}} (off|)
(would|do) you mind (killing|cutting|stopping|disabling) {{d}}
(how about|what about) (turning|switching|shutting) {{d}} off
(get|put|whack|throw) {{d}} off
(pop|get|flick|flip|knock) off {{d}}
time to {TURN} off {{d}}
time to (shut|cut|kill|turn|switch) {{d}} off
(I|we) need you to {TURN} off {{d}}
(I'm|I am|we're) (hot|leaving|done|tired|going out), (so |){TURN} off {{d}}
set {{d}} to off
{{d}}: off
off: {{b}}
command: {TURN} off {{d}}
{{d}} (goes|go) off
can {{d}} be (turned|switched|shut) off
could {{d}} (go|be switched|be turned|be shut) off
is it possible to {TURN} off {{d}}
I (forgot|didn't remember) to {TURN} off {{d}}, (can you do it|please do it|do it now|do it for me)
{TURN} off {{b}}
{TURN} {{b}} off
{{b}} off please
{{d}} (can|may) go off (now|)
we (don't|do not) need {{d}} (anymore|any more|any longer|now)
I (don't|do not) need {{d}} (anymore|any longer|any more|now)
put {{d}} to (sleep|rest|bed)
it's time for {{d}} to (go|be) off
lights out {{r}}
(I'm|we're) (done|finished) with {{d}}
we (can do|can live|do fine|are fine) without {{d}} (now|)
{{d}} is not needed (anymore|any more|any longer|now)
there's no need for {{d}} (anymore|any more|any longer)
""".strip().split("\n")

SETLEVEL = f"""
{{b}}: {{n}}
{{b}} level {{n}}
{{d}} at level {{n}}
{{d}} on {{n}}
{{b}} on {{n}}
{{d}} at {{n}}
{{d}} up to {{n}}
{{d}} down to {{n}}
{SET} {{b}} to {{n}}
{SET} {{b}} {{n}}
{SET} {{d}} on {{n}}
{{n}} on {{b}}
{{n}} please for {{d}}
{{n}} for {{b}}
(I want|I'd like|I need) the {{q}} of {{d}} at {{n}}
(I want|I'd like) {{d}} {{q}} at {{n}}
{{d}} {{q}} at {{n}}
{{d}} {{q}} to {{n}}
{{d}} {{q}}: {{n}}
(bump|push|bring|crank) {{d}} to {{n}}
(bump|push|crank|lower) {{d}} (up|down) to {{n}}
{{d}} needs to (go|be) (to|at) {{n}}
the {{q}} of {{d}} should be {{n}}
could we have {{d}} at {{n}}
can {{d}} go to {{n}}
can {{d}} be set to {{n}}
(I want|I'd like) you to set {{d}} to {{n}}
(would|do) you mind putting {{d}} at {{n}}
have {{d}} set to {{n}}
{SET} {{d}} to (around|about|exactly|just) {{n}}
{{n}} {{q}} {{d}}
let {{d}} run at {{n}}
{SET} {{d}} to {{n}}
{SET} {{d}} (up|down) to {{n}}
{SET} {{d}} (level |)at {{n}}
{{d}} to {{n}}
{{b}} to {{n}}
{{b}} {{n}}
{{b}} at {{n}}
{{d}}: {{n}}
{SET} the {{q}} of {{d}} to {{n}}
{SET} {{d}} {{q}} to {{n}}
(change|adjust|set) the {{q}} (for|on) {{d}} to {{n}}
(make|have) {{d}} (go to|be at|run at|stay at) {{n}}
make {{d}} {{n}}
(turn|put|bring|crank) {{d}} (up|down) to {{n}}
(turn|put|bring|crank) (up|down) {{d}} to {{n}}
(I want|I need|I would like|I'd like|we want|give me) {{d}} (at|to be at|on|set to) {{n}}
{{n}} (for|on) {{d}}
{{n}} {{q}} (for|on) {{d}}
{{d}} (should be|must be|needs to be|has to be) (at|set to) {{n}}
(run|keep|leave|hold) {{d}} at {{n}}
(let|let's) (have|get|set|put) {{d}} (at|to) {{n}}
get {{d}} to {{n}}
(adjust|change|move|shift|tune) {{d}} (so it is at|until it is at|to be at) {{n}}
(would|do) you mind (setting|putting|turning|changing) {{d}} to {{n}}
(increase|decrease|raise|lower|reduce) {{d}} to {{n}}
(increase|decrease|raise|lower|reduce) the {{q}} of {{d}} to {{n}}
(increase|decrease|raise|lower|reduce) {{d}} {{q}} to {{n}}
(make sure|ensure|see that) {{d}} (is|stays) at {{n}}
{{q}} of {{d}} to {{n}}
{{d}} {{q}} {{n}}
{{d}}, {{n}}
(I|we) need you to set {{d}} to {{n}}
could {{d}} be (set to|at|turned to) {{n}}
take {{d}} to {{n}}
go to {{n}} (on|with) {{d}}
""".strip().split("\n")

DIM = """
(I want|I'd like|I need) {d} (lowered|brightened|raised) to {n}
(have|get) {d} (dimmed|lowered) to {n}
(would|do) you mind (dimming|lowering) {d} down to {n}
{b} (dimmed|dim|down|up) to {n}
(could|can) {d} be (dimmed|lowered) to {n}
(dim|lower|fade|brighten) {b} to {n}
(dim|lower|brighten) {d} (by bringing it|so it is|so that it's) (to|at) {n}
(I want|I'd like) you to (dim|lower|brighten) {d} to {n}
(dim|lower|fade|drop|soften|reduce|brighten|raise) {d} to {n}
(dim|lower|fade|drop|soften|brighten) {d} (down|up) to {n}
dim down {d} to {n}
(would|do) you mind (dimming|lowering|brightening) {d} to {n}
{d} (dimmed|lowered|down|up|dim) to {n}
I want {d} dimmed to {n}
(dim|brighten) {d} until (it's|it is|they are|they're) at {n}
""".strip().split("\n")

LIFT = """
{b} {h}
{b} {h} (open|closed|down|up)
{b} (up|down) to {n}
{d} (up|down) to {n}
(open|close|raise|lower) {b} {h}
(open|close|raise|lower) {b} to {n}
(I want|I'd like) {d} {h} (up|down)
(have|get) {d} {n} open
(would|do) you mind (opening|closing|raising|lowering) {d} {h}
(would|do) you mind (opening|raising|lowering) {d} to {n}
{d} {n} open
{b} {n} open
(put|set|move|bring) {d} to {h}
(open|close) {d} about {h}
(open|close|raise|lower|pull|roll|bring|draw) {d} to {n}
(open|close|raise|lower|pull|lift|roll) {d} {h}
{h} (open|close|raise|lower) {d}
(put|have|set|get|keep|leave) {d} {h} (open|closed|up|down|)
{d} {h} (open|closed|down|up)
(open|close) {h} of {d}
(pull|roll|bring) {d} (up|down) (to |){h}
(pull|roll|bring) {d} (up|down) to {n}
(I want|I'd like) {d} {h} (open|closed)
""".strip().split("\n")

UP = """
(some|a bit|a little) more {q} (on|for|from) {d}
(a bit|a little) more {q} please (on|for) {d}
{d} a bit up
{b} up
{b} up (a bit|a little|some)
{d} up (a bit|a little|a touch|a notch|some|slightly|please)
{d} (a bit|a little|slightly|a touch) {more}
{b} (a bit|a little|slightly) {more}
{more} {d}
{d} {more}
{d} {more} (please|now)
(I want|I'd like|I need) more {q} (on|from) {d}
(could|can) {d} be (a bit|a little|) {more}
(could|can) we have {d} {more}
{d} (is|are) (way|far|a bit|much) too {anti}
{d} (is|are) so {anti}
(would|do) you mind (increasing|raising) {d}
(would|do) you mind making {d} (a bit |) {more}
(get|have|put) {d} {more}
(turn|put|bring) up {b}
(turn|put|bring) {b} up
(turn|put) up {d} (a bit|a little|some|slightly|a notch)
(increase|raise|boost) {b}
(increase|raise|boost) {d} (a bit|a little|slightly|some)
(increase|raise|boost) {d} {q} (a bit|a little|slightly)
turn the {q} up (on|of|for) {d}
turn up the {q} (on|of|for) {d}
{q} up (on|for) {d}
{d} {q} up
turn up {d}
turn {d} up
turn {d} up (a bit|a little|a touch|some|a notch|a tad|slightly|some more)
(increase|raise|boost|pump up|crank up|bump up|step up|up) {d}
(increase|raise|boost|pump up|crank up|bump up|step up) the {q} (of|on|for) {d}
(increase|raise|boost|turn up|crank up|bump up) {d} {q}
make {d} {more}
make {d} (a bit|a little|slightly|a touch|somewhat|much) {more}
{d} up
{b} up (a bit|a little|a touch|a notch|some|slightly|please)
{b} {more}
(a bit|a little|slightly) {more} (on|with|for) {d}
(I want|I need|I'd like|I would like) {d} {more}
(I want|I need|I'd like|I would like) {d} (a bit|a little) {more}
{d} (should be|needs to be|has to be|could be) {more}
(put|bring|take) {d} up (a bit|a little|a notch|)
{d} (is|are) not {adj} enough
{d} (is|are) too {anti}
more {q} (on|for|from|of) {d}
{more} {b}
give {d} (more|a bit more|some more) {q}
give me more {q} (on|from) {d}
can {d} be {more}
(would|do) you mind turning {d} up (a bit|a little|)
(would|do) you mind turning up {d} (a bit|a little|)
(let|let's) have {d} (a bit|a little|) {more}
""".strip().split("\n")

LESS = [("increase|raise|boost", "decrease|lower|reduce"), ("pump up|crank up|bump up|step up", "cut back|bring down|take down|drop"), ("increasing|raising", "decreasing|lowering"),
        (r"\bup\b", "down"), (r"(?<!\{)\bmore\b", "less")]


def lessened(template):
    """A template that asks for more, turned into one that asks for less."""
    for more, less in LESS:
        template = re.sub(more if "\\" in more else re.escape(more), less, template)
    return template


DOWN = [lessened(t) for t in UP]
DIMDOWN = ["dim {b} (a bit|a little|down|)", "(dim|soften) {d} for me", "(let|let's) dim {d}", "(have|get) {d} dimmed", "(can|could) you dim {d} (a bit|a little)", "{b} (dimmed|dim)", "{d} down a bit, it's (too |)bright", "dim {d}", "dim {d} (a bit|a little|some|slightly|a touch|please|down|down a bit)", "dim down {d}", "(fade|soften) {d}",
           "{d} (dimmed|dim|dimmer)", "(would|do) you mind dimming {d}", "I want {d} (dimmed|dimmed a bit)", "(please dim|kindly dim|dim) {b}",
           "could {d} be (dimmed|dimmer)", "(make|have) {d} dim"]
BRIGHTEN = ["brighten {b} (a bit|up|)", "(let|let's) brighten {d}", "(have|get) {d} brightened", "(can|could) {d} be brightened", "(please brighten|kindly brighten) {d}", "brighten {d}", "brighten {d} (a bit|a little|some|slightly|a touch|please)", "brighten up {d}", "brighten {d} up",
            "{d} (brightened|brighter)", "(would|do) you mind brightening {d}", "I want {d} brightened"]

UPBY = """
{d} {n} up
{d} {n} {more}
{b} up {n}
{b} up by {n}
{b} {n} {more}
{b} plus {n}
(give|get) me {n} more on {d}
(raise|increase|boost) {b} by {n}
raise {d} by another {n}
(I want|I'd like|I need) {d} {n} {more}
(could|can) {d} be {n} {more}
plus {n} (on|for) {d}
make {b} {n} {more}
(would|do) you mind (raising|increasing) {d} by {n}
(turn|put|bring) up {b} {n}
turn up {d} by {n}
turn {d} up by {n}
turn {d} up {n}
(increase|raise|boost|bump up|crank up) {d} by {n}
(increase|raise|boost|bump up|crank up) {d} {n}
(increase|raise|boost) the {q} (of|on) {d} by {n}
{d} up by {n}
{d} up {n}
{b} {n} (up|higher)
make {d} {n} {more}
{n} {more} (on|for|with) {d}
(put|bring|take|move|bump|push) {d} up (by |){n}
(bump|push|turn|put) up {d} (by |){n}
add {n} to {d}
{n} more on {d}
{d} plus {n}
an extra {n} (on|for) {d}
another {n} (on|for) {d}
{n} extra (on|for) {d}
put another {n} on {d}
""".strip().split("\n")
DOWNBY = """
{d} {n} down
{d} {n} {more}
{b} down {n}
{b} down by {n}
{b} {n} {more}
{b} minus {n}
(give|get) me {n} less on {d}
(lower|decrease|reduce) {b} by {n}
lower {d} by another {n}
(I want|I'd like|I need) {d} {n} {more}
(could|can) {d} be {n} {more}
minus {n} (on|for) {d}
make {b} {n} {more}
(would|do) you mind (lowering|reducing) {d} by {n}
(turn|put|bring) down {b} {n}
turn down {d} by {n}
turn {d} down by {n}
turn {d} down {n}
(decrease|lower|reduce|bring down|drop) {d} by {n}
(decrease|lower|reduce|bring down|drop) {d} {n}
(decrease|lower|reduce) the {q} (of|on) {d} by {n}
{d} down by {n}
{d} down {n}
{b} {n} (down|lower)
make {d} {n} {more}
{n} {more} (on|for|with) {d}
(put|bring|take|move|bump|push) {d} down (by |){n}
(bump|push|turn|put) down {d} (by |){n}
(take|subtract) {n} (off|from) {d}
{n} less on {d}
{d} minus {n}
""".strip().split("\n")

WARMER = """
(I'm|I am) (getting|feeling|a bit|really|so|quite) {anti}
(I feel|we feel) (too |so |a bit |){anti} {in}
it's (getting|becoming|a bit|quite|rather) {anti} {in}
it (is|was) {anti} {in}
it's {anti} {in}
(so|too|very|way too) {anti} {in}
{anti} {in}
(a bit|a little) {more} {in}
(a bit|a little|slightly) {more} please {in}
(can|could) you make it {more} {in}
(can|could) (we|I) have it (a bit |){more} {in}
{the} (is|feels|gets) (so|really|a bit|way too|) {anti}
make {the} (a bit |a little |){more}
(I want|I'd like|I need) {the} {more}
(I want|I'd like) (a bit|a little|some) {moreless} (heat|warmth) {in}
turn {updown} the (heat|heating|temperature|temp) (a bit|a little|a touch) {in}
turn the (heat|heating|temperature|temp) {updown} (a bit|a little|a touch|some) {in}
(heat|heating|temperature|temp) {updown} {in}
(heat|heating|temperature|temp) {updown} (a bit|a little|please) {in}
(would|do) you mind making it {more} {in}
get it {more} {in}
{moreless} (heat|heating|warmth) {in}
{the} (is|feels) not {adj} enough
it's not {adj} enough {in}
make it (a bit |a little |much |slightly |){more} {in}
(I want|I'd like|I need) it {more} {in}
it (is|feels|gets) (too|a bit too|way too|far too|so) {anti} {in}
it's (too|a bit too|way too|far too|really|so) {anti} {in}
{more} (please |){in}
I'm (too |so |really |){anti}
(I am|we are|we're) (too |so |really |){anti} {in}
turn {updown} the (heat|heating|temperature|temp) {in}
turn the (heat|heating|temperature|temp) {updown} {in}
(could|can) it be (a bit |a little |){more} {in}
it should be {more} {in}
it could be (a bit|a little) {more} {in}
(give me|give us) (a bit|a little|some) {moreless} (heat|warmth) {in}
(get|make) {the} {more}
{the} (is|feels) too {anti}
{the} (should|needs to|has to) be {more}
{the} (is|feels|seems) (a bit |a little |far |too |so ){anti}
it (is|feels|gets|seems) (so|very|really|quite) {anti} {in}
""".strip().split("\n")

SETTEMP = """
{n} {in} please
{in2} {n}
{in2} at {n}
{in2} to {n} please
(I want|I need) {the} (at|to be) {n}
(I want|I'd like|I need) {d} (at|to be at|on) {n}
{d}: {n}
{b} {n}
{b} to {n}
{b} at {n}
{d} on {n}
(turn|put|bring) (up|down) {d} to {n}
(turn|put|bring|crank) {d} (up|down) to {n}
(raise|lower|increase|decrease|bring) {d} (up |down |)to {n}
(heat|warm|cool) {the} (up |down |)to (about|around|exactly) {n}
(set|put) it to {n} {in}
(can|could) (we|I) have {n} {in}
(can|could) (we|I) have it {n} {in}
(can|could) {the} be {n}
get {the} to {n}
get it (up |down |)to {n} {in}
bring {the} (up |down |)to {n}
temperature {in} {n}
the (temp|temperature) {in} to {n}
(heat|heating) to {n} {in}
(heat|heating) at {n} {in}
(make|let) it be {n} {in}
have {d} (set to|at) {n}
{d} (should|must|has to) (be at|go to|be set to) {n}
(would|do) you mind (making|keeping) it {n} {in}
(change|adjust) {d} so it is {n}
I'd be happy with {n} {in}
we need it (to be |){n} {in}
{d} up to {n}
{d} down to {n}
(set|put|turn|adjust|change|bring) {d} to {n}
(set|put|turn|adjust|change) {d} (up|down) to {n}
(set|adjust|change|bring) the temperature {in} to {n}
(set|adjust|change) the (temp|temperature|heat|heating) to {n} {in}
(make|have|get|keep) it {n} {in}
(make|have|get|keep) {in2} it {n}
(make|get|keep|heat|warm|cool) {the} (to |at ){n}
(heat|warm|cool) {the} (up |down |)to {n}
{the} to {n}
{the} at {n}
{d} {n}
{d} to {n}
{d} at {n}
{n} {in}
(I want|I'd like|I would like|we want|we need) (it |)(to be |){n} {in}
(I want|I'd like|I would like|we want) {the} (to be |at ){n}
it (should|must|has to|needs to) be {n} {in}
{the} (should|must|has to|needs to) be {n}
the (temperature|temp) {in} (should|must|needs to|has to) be {n}
(raise|lower|increase|decrease|drop|bump) {d} to {n}
(raise|lower|increase|decrease) the (temp|temperature|heat|heating) to {n} {in}
(let|let's) (have|make|keep) it {n} {in}
(heat|warm|cool) to {n} {in}
(keep|leave|hold) {d} at {n}
temperature {n} {in}
temp {n} {in}
(go for|target|aim for) {n} {in}
(would|do) you mind (setting|putting|turning) {d} to {n}
set {n} {in}
set {n} on {d}
{n} on {d}
(make sure|ensure|see that) it is {n} {in}
thermostat: {n} {in}
""".strip().split("\n")

COLOR = """
{b}: {c}
{b} to {c}
{d} on {c}
(make|turn|set|paint) {b} {c}
(turn|set|change|switch) {b} to {c}
(I want|I'd like|I need) {b} {c}
(I want|I'd like|I need) {c} (on|for|in) {d}
(could|can) we have {d} (in |){c}
(could|can) {d} be {c}
{c} please (on|for) {d}
{c} (color|colour|light) (on|for|from) {d}
have {d} (set to|go|turn) {c}
{d} has to be {c}
{d} (turned|set|switched) to {c}
(set|change) the (color|colour) (on|for) {d} to {c}
(would|do) you mind (switching|changing) {d} to {c}
give {d} (a|the) {c} (color|colour|glow|look)
{d} should (go|turn|glow) {c}
let {d} be {c}
(I'm in the mood for|how about|what about) {c} (on|for) {d}
make it {c} with {d}
(make|turn) the color of {d} {c}
(make|turn|set|paint|color|colour|change|switch) {d} {c}
(turn|set|change|switch|put) {d} to {c}
{d} {c}
{b} {c}
{d} to {c}
{b} in {c}
{d}: {c}
(I want|I'd like|I would like|I need|give me|we want) {d} {c}
(I want|I'd like|I would like|I need|give me|we want) {d} (in|to be) {c}
(set|change) the (color|colour) of {d} to {c}
(set|change) {d} (color|colour) to {c}
(change|switch) {d} over to {c}
(let|let's) (have|make|get) {d} {c}
{c} (for|on|in) {d}
{c} {b}
{d} (should be|must be|needs to be|has to be) {c}
could {d} (be|turn|go|glow) {c}
(would|do) you mind (making|turning|setting) {d} {c}
(have|let|make) {d} (glow|shine|go) {c}
{d} (in|with) {c} (light|color|colour|)
(go|do) {c} (on|with) {d}
(use|show|pick|choose) {c} (for|on) {d}
color {c} (for|on) {d}
(get|put) {d} (in|on) {c}
(tint|light|illuminate|dye) {d} {c}
""".strip().split("\n")

OPEN = """
{b} open please
{d} open (please|now)
(please |)have {d} opened
(can|could) (we|I) have {d} open
it's (hot|stuffy|morning|time), open {d}
(I want|I'd like|I need) you to open {d}
{d} has to be open
let {d} be open
(go|run) and open {d}
open {d} again
(I'm|we're) (here|home|back|at the gate), open {d}
have {d} open
{d} open again
open {d}
open {d} (up|please|now|for me|right now|a bit more_)
open up {d}
{d} open
{b} open
(I want|I need|I would like|I'd like|we want) {d} (open|opened)
(get|have|make|keep|leave) {d} (open|opened)
(make sure|ensure|see that) {d} (is|gets) (open|opened)
(would|do) you mind opening {d}
{d} (should be|must be|needs to be|has to be) (open|opened)
(let|let's) (open|have {d} open_|get open_) {d}
{d} (up|to open)
can {d} be opened
could {d} (be opened|open)
(you can|you may|you should) open {d}
time to open {d}
(go ahead and|quickly|just) open {d}
(I|we) need you to open {d}
{d}: open
(unclose|unshut) {d}
set {d} to open
open: {b}
open {b}
""".strip().split("\n")
OPEN = [t.replace("|a bit more_", "").replace("(open|have {d} open_|get open_) {d}", "open {d}") for t in OPEN]
OPEN_BLINDS = ["let in (the|some|more|) (light|sun|sunlight|daylight) {in}", "let some (light|sun|daylight) in", "(bring|get) some (light|sun|daylight) into {the}", "(I want|I'd like|we need) (some|more) (sun|sunlight|daylight) {in}", "let the (sun|daylight|sunlight) shine (in|into {the})", "(pull|roll|lift|raise) {d} (up|all the way up|up please)", "{d} (raised|pulled up|rolled up|lifted)", "{b} (raised|pulled up|rolled up|up please)", "(get|have|put) {d} up", "(I want|I'd like) {d} (up|raised)", "{d} up (please|now|all the way)", "(raise|lift) {b}", "(could|can) {d} go up", "(raise|lift|pull up|roll up|draw up|pull back|put up) {d}", "(pull|roll|put|draw|bring) {d} up", "{d} up", "{b} up", "let (the |some |)(light|sun|sunlight|daylight) in {in}",
               "let (the |some |)(light|sun|sunlight|daylight) into {the}", "(would|do) you mind (raising|lifting|pulling up) {d}",
               "(pull|draw) {d} (apart|back|aside)"]
CLOSE = """
{b} (closed|shut) please
{d} (closed|shut) (please|now)
(get|have) {d} (closed|shut) (now|for me|please)
keep {d} (closed|shut) (tonight|now|please)
(can|could) (we|I) have {d} (closed|shut)
it's (cold|dark|late|night|loud), (close|shut) {d}
(I want|I'd like|I need) you to (close|shut) {d}
{d} has to be (closed|shut)
let {d} be (closed|shut)
(go|run) and (close|shut) {d}
(close|shut) {d} all the way
(close|shut) {d} (please|tonight|behind me)
(I'm|we're) (leaving|gone|off to bed|out), (close|shut) {d}
have {d} (closed|shut)
{d} (closed|shut) again
close {d}
shut {d}
(close|shut) {d} (up|please|now|for me|right now|again)
close up {d}
{d} (closed|shut)
{b} (closed|shut|close)
(I want|I need|I would like|I'd like|we want) {d} (closed|shut)
(get|have|make|keep|leave) {d} (closed|shut)
(make sure|ensure|see that) {d} (is|gets) (closed|shut)
(would|do) you mind (closing|shutting) {d}
{d} (should be|must be|needs to be|has to be) (closed|shut)
(let|let's) (close|shut) {d}
can {d} be (closed|shut)
could {d} (be closed|be shut|close)
(you can|you may|you should) (close|shut) {d}
time to (close|shut) {d}
(go ahead and|quickly|just) (close|shut) {d}
(I|we) need you to (close|shut) {d}
{d}: (closed|close|shut)
set {d} to closed
(close|shut): {b}
(close|shut) {b}
(pull|push|bring) {d} (closed|shut)
""".strip().split("\n")
CLOSE_BLINDS = ["(pull|roll|let|bring|drop) {d} (down|all the way down|down please)", "{d} (lowered|pulled down|rolled down|drawn)", "{b} (lowered|pulled down|drawn|down please)", "(get|have|put) {d} down", "(I want|I'd like) {d} (down|lowered|drawn)", "{d} down (please|now|all the way)", "(lower|draw) {b}", "(could|can) {d} go down", "(let|let's) (lower|draw) {d}", "(lower|pull down|roll down|drop|draw|let down|bring down) {d}", "(pull|roll|put|bring|let) {d} down", "{d} down", "{b} down", "draw {d} (closed|shut|)",
                "(would|do) you mind (lowering|drawing|pulling down) {d}"]
STOP = ["(please |)stop {d} (moving|at once|right away)", "{d} stop (there|now|please)", "(halt|stop) {b} (now|there|)", "don't move {d} any further", "(I want|I'd like) {d} to stop", "stop {d} halfway", "stop {d}", "(halt|freeze) {d}", "stop {d} (there|right there|now|where (it is|they are))", "{d} stop", "(hold|keep) {d} where (it is|they are)", "stop (moving|closing|opening) {d}",
        "{b} stop", "stop: {b}", "make {d} stop", "(hold|stop) {b}"]
LOCK = """
{b} locked please
{d} locked (please|now)
(I want|I'd like|I need) you to lock {d}
lock {b}
(lock|bolt|secure) {d} (please|tonight|behind me)
(can|could) (we|I) have {d} locked
(I'm|we're) (leaving|gone|off to bed|out), lock {d}
have {d} locked
{d} has to be locked
make {d} (locked|secure)
(lock|lock|secure|bolt) {d}
(lock|bolt) {d} (up|please|now|for me|again|tight)
lock up {d}
{d} locked
{b} (locked|lock)
(I want|I need|I would like|I'd like|we want) {d} locked
(get|have|keep) {d} locked
(make sure|ensure|see that) {d} (is|gets|stays) locked
(would|do) you mind locking {d}
{d} (should be|must be|needs to be|has to be) locked
can {d} be locked
could {d} be locked
(you can|you may|you should) lock {d}
time to lock {d}
(go ahead and|quickly|just) lock {d}
put the lock on {d}
{d}: lock
set {d} to locked
""".strip().split("\n")
UNLOCK = [re.sub(r"\b(lock|bolt)(ed|ing)?\b", r"un\1\2", t.replace("|secure", "").replace("|tight", "").replace("put the lock on", "(release|take off) the latch of"))
          for t in LOCK if "leaving" not in t]

PLAY = """
some (music|songs|tunes) {in}
(a song|a little music|a bit of music) {in}
(how about|what about) (music|a song|some songs) {in}
some music {in} would be (nice|great|good)
{s} playing
{s} start playing
(start|put on|play) (the |some |my |)(jazz|rock|pop|radio|classical|party|dance|rap) (music|songs|playlist) {in}
(start|play|put on) (jazz|rock|classical music|the beatles|my favorite songs|my favorite album|the next album|a happy song) {in}
(I want|I'd like) (some |)(music|songs) {in}
(I'm|we're) in the mood for (some |)(music|songs) {in}
(start|resume|continue) (playing|with) (the |)(music|song|songs) {in}
(let|make) the music play {in}
(let's|let us) (listen to|hear|have|play) (some |)(music|songs|tunes) {in}
music please {in}
(turn|switch) the music (back |)on {in}
(play|resume) {m} (again|please|now)
go on with the (music|song|playlist) {in}
play (some |)(music|songs|tunes) {in}
(start|put on|turn on|play|resume) (the |some |my |)(music|playlist|song|album|track|tunes) {in}
(play|resume) {m}
(I want|I'd like|I would like|we want) to (hear|listen to) (some |)(music|a song|songs|tunes) {in}
(let's hear|give me|give us|I need) (some |)(music|songs|tunes) {in}
(music|some music|tunes|songs) {in}
(music|playback) on {in}
(resume|continue|restart) (the |)(music|playback|song|playing|track) {in}
(start|begin) (playing|playback) {in}
play something {in}
(how about|what about) (some|a little) music {in}
unpause (it |the music |the song |){in}
hit play {in}
(can|could) (I|we) (have|get|hear) some music {in}
(put|get) some (music|tunes) on {in}
{s} play
""".strip().split("\n")
PAUSE = """
(kill|cut|end) the playback {in}
(end|cut|kill|stop) (this|that) (song|track|music)
(pause|stop|halt) {m}
(pause|stop) (everything that is playing|what is playing|what's playing|it for a moment|playing for a bit)
(I want|I'd like|we need) (silence|quiet|the song to stop|the music off) {in}
(turn|switch|shut) off the (song|songs|tunes|playlist) {in}
(music|song|playlist|tunes) (off|stop) please {in}
(let|make) the (song|music|playlist) (pause|stop) {in}
(take|have) a break from the music {in}
(stop|pause) the (music|song) (please|now|for a bit|for a second|right there)
(quiet|silence) please, (stop|pause) the music
(put|set) the (music|song|playlist) on (pause|hold) {in}
(pause|stop|halt|hold) (the |)(music|song|playback|track|playlist|tunes) {in}
(pause|hold) {d}
stop playing {in}
stop playing (the |)(music|song|songs) {in}
(music|playback|song) (off|paused|stop|pause) {in}
(turn|switch|shut) off the music {in}
(turn|switch|shut) the music off {in}
(kill|cut|end) the (music|song|tunes) {in}
(I want|I'd like) the music (paused|stopped|to stop)
hit pause {in}
(would|do) you mind (pausing|stopping) the (music|song) {in}
make the music stop {in}
{d} (pause|on pause)
put {d} on pause
no more music {in}
(enough|that's enough) music {in}
""".strip().split("\n")
NEXT = """
(next|skip) please
(give me|I want|I'd like|let's hear|let's have) (the next|another|a different) (song|track|one|tune)
(skip|next) to the (next|following) (song|track|one)
(go on|move on|continue) (to|with) the next (song|track|one)
(not this|enough of this|no more of this) (song|track), (skip|next)
next (song|track) on the (speaker|radio|stereo)
(another|next) (song|track|tune)
(next|skip) (song|track|tune|one) (please|)
skip
skip (this|the|that) (song|track|one|tune)
(play|go to|jump to|move to|skip to) the (next|following) (song|track|one|tune)
(next|skip)
(I don't like|I hate|I'm tired of) this (song|track|one), (skip it|next|play another|skip)
(another|a different) (song|track|one|tune) please
play (another|a different) (song|track|one|tune)
(skip|go|jump|move) (ahead|forward|to the next one) (a song|a track|one track|)
skip it
change the (song|track)
(would|do) you mind skipping (this|the) (song|track)
what's the next song, play it
(next|following) (song|track) on {d}
skip (the song|the track|) on {d}
forward one (song|track)
""".strip().split("\n")
PREV = """
(give me|I want|I'd like|let's hear) (the previous|the last|the earlier) (song|track|one|tune) (again|)
(go|jump|skip) back to the (previous|last|earlier) (song|track|one)
(previous|last) (song|track) on the (speaker|radio|stereo)
(that|the) (song|track) (was good|was great|again), (go back|play it again|once more)
(back|go back) (to|) the (song|track) before
(rewind|return) to the (previous|last) (song|track)
play the (previous|last|earlier) (song|track|one|tune) (again|please|)
skip back (a|one) (song|track|tune|)
(one|a) (song|track) (back|backwards) please
(previous|last) (song|track|tune|one) (please|)
(play|go to|jump to) the (previous|last) (song|track|one|tune)
(go|skip|jump|move) back (a|one) (song|track|tune)
(back|rewind) (a|one) (song|track)
play (that|the last|the previous) (song|track|one) again
(previous|back)
(go back to|back to) the (last|previous) (song|track|one)
play (the song|the track|what was) before (this|this one|that)
(repeat|replay) the (last|previous) (song|track)
(previous|last) (song|track) on {d}
(one|a) (song|track) back
(skip|go|jump) backwards
""".strip().split("\n")
MUTE = """
(silence|mute|quiet) {b}
(put|set|get) {b} on mute
(mute|silence) {d} (please|now|for me)
(turn|switch) off the (sound|audio) (of|on) {d}
(take|remove) the (sound|audio) (from|off) {d}
(I want|I'd like|I need) (no sound|silence) (on|from) {d}
{d} on mute (please|now)
{d} without sound
(let|have) {d} be (muted|silent)
(get|keep) {d} (muted|silent|quiet)
the sound (of|on) {d} off
{d} sound off
mute {d}
(silence|hush|quiet) {d}
{d} (mute|muted|silent|on mute)
{b} (mute|muted)
(put|set|switch|get) {d} (on|to) (mute|silent)
(turn|switch) (the |)sound off (on|of) {d}
(turn off|kill|cut|shut off) the sound (of|on|from) {d}
(no|without) sound (on|from) {d}
(I want|I need|I'd like) {d} muted
(make sure|see that) {d} is muted
(would|do) you mind muting {d}
shut {d} up
mute the (sound|audio) (of|on) {d}
{d}: mute
make {d} (silent|quiet)
can {d} be muted
make {b} (silent|quiet)
(can|could) you (make|keep) {d} (silent|quiet|muted)
{d} (should be|must be|needs to be) (silent|quiet|muted)
""".strip().split("\n")
UNMUTE = """
unmute {b}
unmute {d} (please|now|for me)
(turn|switch|put) the (sound|audio) (of|on) {d} (back on|on again)
(I want|I'd like|I need) (the sound|sound|audio) back (on|from) {d}
(get|bring|give me) the (sound|audio) back (on|of) {d}
{d} (sound on|with sound|sound back on)
(take|get) {b} off mute
{d} off mute
(restore|bring back) {d} sound
unmute {d}
{d} unmute
{b} (unmute|unmuted)
(take|get) {d} off mute
(turn|switch) (the |)sound (back |)on (on|of) {d}
(turn on|bring back|restore) the sound (of|on|from) {d}
sound (back |)on (for|on) {d}
(I want|I'd like) {d} unmuted
unmute the (sound|audio) (of|on) {d}
(would|do) you mind unmuting {d}
(give|let) {d} (its sound back|have sound again)
{d}: unmute
can {d} be unmuted
""".strip().split("\n")

TIMER = """
{t} timer
{t} timer please
{t} on the timer
timer {t} please
timer for {t}
a timer for {t}
(set|start) a timer, {t} please
(set|start|make) me a timer (for|of) {t}
(set|start|make) me a {t1} timer
(could|can) I have a timer (for|of) {t}
(could|can) I (get|have) a {t1} timer
(start|begin|do) (counting|the countdown) (for|of) {t}
countdown (from|of|for) {t}
countdown: {t}
new timer (for |){t}
new timer: {t}
(put|get|have) a timer on for {t}
(set|put) the timer (at|to) {t}
(let me know|tell me|remind me|warn me) when {t} (pass|have passed|is over|are over)
(my|the) (pasta|eggs|tea|pizza|cake|rice) (needs|need|takes|take) {t}, (set a timer|start a timer|time it)
(set|start) a timer for the (pasta|eggs|tea|pizza|cake|rice|laundry) (for |of ||, ){t}
(wake|alert|ping|buzz) me in {t}
set (a|the|my) timer (for|to) {t}
set a {t1} timer
(start|create|make|begin|put on|run) (a|the) timer (for|of) {t}
(start|create|make|begin|run) a {t1} timer
timer (for |of |){t}
{t1} timer
(a|one) {t1} timer please
timer: {t}
(give me|I need|I want|I'd like|we need) a timer (for|of) {t}
(give me|I need|I want|I'd like|we need) a {t1} timer
(give me|I need|I want) a timer, {t}
(count down|countdown) {t}
(count|do a countdown of|start a countdown of) {t}
(time|clock) {t}
(can|could) you (count down|time) {t}
(put|set|get) {t} on the (timer|clock)
(tell me|let me know|alert me|beep|notify me|ping me|ring) when {t} (are|have|is|has) (up|passed|over|gone)
(tell me|let me know|alert me|beep|notify me|ping me|ring) (in|after) {t}
remind me in {t}
timer on for {t}
(set|start) the (kitchen|egg|cooking|tea) timer (for|to) {t}
(would|do) you mind setting a timer for {t}
(let's have|how about) a timer for {t}
set a timer, {t}
set a timer that (rings|goes off|beeps) (in|after) {t}
set (the |a |)countdown (to|for) {t}
""".strip().split("\n")
TIMEROFF = ["(please |)(cancel|stop|kill) (my|the|that) (timer|countdown)", "(stop|turn off|shut off|kill) the (beeping|timer)", "(I'm|we're) done, (stop|cancel) the timer", "timer off (please|now)", "(let's|let us) (cancel|stop) the timer", "(delete|clear|remove|abort) (the|my) countdown", "(cancel|stop|delete|end|kill|clear|turn off|remove|abort|quit|dismiss) (the|my|that|this) timer", "timer (off|stop|cancel)", "(stop|cancel|end) (the |my |)(countdown|kitchen timer|egg timer)",
            "(forget|never mind|scrap|drop) the timer", "(I don't|we don't) need the timer (anymore|any more|any longer)", "(get rid of|switch off|shut off) the timer",
            "no (more |)timer", "(would|do) you mind (cancelling|stopping) the timer", "(the |)timer can (stop|go|be cancelled)", "make the timer stop"]
ALARM = """
set an alarm {t}
set (an|my|the) alarm, {t}
(I must|I have to|I should|I need to|I've got to) (be|get|wake) up (by|at) {t}
(get|have) me up (by|at) {t}
(I want|I'd like|I need) to be (up|awake|out of bed) (by|at) {t}
(I want|I'd like) to be woken (up |)at {t}
(wake|get) (me|us) (up |)by {t}
(wake|get) (me|us) (up|out of bed) (around|at about|exactly at) {t}
alarm (for|at) {t} please
alarm on at {t}
new alarm (for|at) {t}
new alarm: {t}
an alarm (for|at) {t}
(could|can) I (get|have) an alarm (for|at) {t}
(I want|I need|I'd like) (to have |)an alarm at {t}
(let me sleep|I want to sleep) (until|till) {t}
(please |)wake me (up |)at {t}
wake up (at|time) {t}
my alarm (should|must|has to) be (at|set to|set for) {t}
(set|make|create|add|put) (an|the|my) alarm (for|at|to) {t}
wake me (up |)at {t}
wake me (up |)at {t} (please|sharp|)
wake us (up |)at {t}
(wake|get) me up (at|by) {t}
alarm (at |for |){t}
alarm: {t}
{t} alarm
(I want|I need|I'd like|I would like|I have) to (get|wake) up at {t}
(I want|I need|I'd like) an alarm (at|for) {t}
(give me|I need) (a|an) {t} (alarm|wake up call)
(ring|beep|buzz) at {t}
(let|make) the alarm (ring|go off) at {t}
the alarm (should|must|has to) (ring|go off) at {t}
(have|get) the alarm (ring|go off|ringing) at {t}
(can|could) you wake me (up |)at {t}
get me out of bed at {t}
(don't let me sleep|don't let me sleep in|do not let me sleep) (past|after|longer than) {t}_
(change|move|switch) (the|my) alarm to {t}
make sure (I'm|I am) (up|awake) (at|by) {t}
(would|do) you mind waking me (up |)at {t}
alarm clock (at |for |to ){t}
set the alarm clock (to|for) {t}
""".strip().split("\n")
ALARM = [t for t in ALARM if not t.endswith("_")]
ALARMOFF = ["(please |)(cancel|stop|kill|turn off) (my|the|that) (alarm|alarm clock)", "(stop|turn off|shut off) the (ringing|alarm clock)", "alarm off (please|now)", "(let's|let us) (cancel|stop) the alarm", "(I'm|I am) (up|awake), (stop|turn off) the alarm", "don't wake me up (tomorrow|this time|at all)", "(cancel|stop|delete|turn off|clear|disable|remove|switch off|kill|shut off|dismiss) (the|my|that|this) alarm", "alarm (off|stop|cancel)", "no (more |)alarm", "(forget|scrap|drop) the alarm",
            "(I don't|we don't) need the alarm (anymore|any more|any longer)", "(get rid of) (the|my) alarm", "make the alarm stop", "(would|do) you mind (stopping|cancelling) the alarm",
            "(cancel|delete|remove) (the|my) alarm clock"]

VACUUM = """
(please |)(vacuum|hoover|clean) {the2} (now|please|for me)
(start|begin) (vacuuming|cleaning|hoovering) {in}
(have|let|make) {d} (clean|vacuum|do) {the2}
(send|get) {d} to (clean|vacuum) {the2}
{the2} (needs|has) to be (vacuumed|cleaned|hoovered)
{the2} (needs|could use) (a vacuum|vacuuming|a clean|cleaning)
(I want|I'd like|I need) {the2} (vacuumed|cleaned|hoovered)
(let|have) {d} do (its|the) (round|rounds|cleaning|vacuuming|floors|floor)
(run|start|use) {d} {in}
{d} should (start|clean|run|vacuum)
{d} (on|go|run) please
set {d} (off|going|to work)
it's time (to vacuum|to clean the floor|for vacuuming|for the vacuum)
(could|can) {d} (clean|start|run|vacuum)
(start|run|launch|begin|activate|turn on|switch on) {d}
(start|begin) (vacuuming|cleaning|hoovering) {the2}
vacuum {the2}
(hoover|clean) {the2}
{d} (start|go|clean|on)
(let|have|make) {d} (run|clean|start|go|clean up|do its job|do its work)
(send|get) {d} (out|going|to work|cleaning)
(clean|vacuum|hoover) the (floor|floors|carpet|rug) {in}
(tell|ask) {d} to (clean|start|run|vacuum)
(I want|I'd like|I need) {d} to (clean|run|start|vacuum)
(time to|let's) (vacuum|hoover) {the2}
the (floor|carpet|floors) {in} (is|are) dirty, (run|start|use) {d}
(do|start) (a|the) (vacuuming|cleaning) (run|round|)
(would|do) you mind (starting|running) {d}
put {d} to work
""".strip().split("\n")
VACSTOP = ["(let|have|make) {d} (stop|pause|take a break)", "(please |)stop the (vacuuming|cleaning|hoovering)", "{d} (should|can|may|has to) (stop|pause)", "(pause|halt|stop) {d} (for now|for a bit|please)", "{b} (stop|off|pause)", "(I want|I'd like|I need) {d} to stop", "(stop|pause|halt|turn off|switch off) {d}", "stop (vacuuming|cleaning|hoovering)", "{d} stop", "(make|have) {d} stop", "(tell|ask) {d} to stop", "(no more|enough|that's enough) (vacuuming|hoovering|cleaning)",
           "{d} (off|pause)", "(would|do) you mind stopping {d}", "stop {d} (now|please|right there)"]
VACHOME = ["(please |)(send|bring|get|return) {d} (home|back|to the dock)", "{d} back to (its|the) (dock|base|charger|station)", "{b} (home|dock|back to base)", "(let|have) {d} (charge|recharge|dock)", "(return|go) to the (dock|base|charger), {d}", "{d} needs to (go home|charge|dock|go back)", "time for {d} to (go home|charge|dock)", "(drive|take) {d} (home|back|to its station)", "(send|bring|get|return|take) {d} (home|back|back home|to its dock|to the dock|to its base|to its charger)", "(send|bring|get) {d} back to (its|the) (dock|base|charger|station|charging station)", "dock {d}", "{d} (home|back home|go home|to the dock|to its base|dock)",
           "(charge|recharge|park) {d}", "(have|let|make) {d} (go|return|go back|drive) (home|to its dock|to the charger|to the dock|to its station)", "(tell|ask) {d} to (go home|dock|return|charge|go back to its dock)",
           "{d} (should|can|may) (go home|return|dock|charge)", "(I want|I'd like) {d} (docked|back in its dock|to go home|to charge)", "back to (the|its) dock with {d}", "(put|set) {d} (on|in) its (charger|dock|base)"]

# Questions about the state of things

ASK_ON = """
(how's|how is) {d} doing
what is {d} up to
(is|are) {b} on
(is|are) {d} (switched|turned) (on|off)
(is|are) {d} (on|off|running) or (off|on|not)
(what|how) about {d}, is it on
{b} on?
{b} status
{d} on or off
(do you know|can you tell me|tell me) (if|whether) {b} (is|are) on
(can you check|check|please check) (if|whether|that) {d} (is|are) (on|off)
(did|have) (I|we) (forget|forgotten) to (turn|switch) off {d}
(I forgot|I don't remember|not sure) (if|whether) (I left|I turned off|I switched off) {d} (on|)
(has|have) {d} been (left on|on|running|turned off|switched off)
(state|status) of {b}
(is|are) {d} (still on|on still|still running)
(is|are) {d} on
(is|are) {d} (still |currently |)(on|running|turned on|switched on)
(is|are) {d} (on|off)
(is|are) {d} (on|running) (right now|now|at the moment|still)
did (I|we|anyone|someone|you|anybody) leave {d} on
(did|have) (I|we|you) (turn|turned|switch|switched) (on|off) {d}
have (I|we) left {d} on
(check|see|look|tell me|can you tell me|do you know|find out|let me know) (if|whether) {d} (is|are) (still |)(on|off|running)
(check|see|tell me) (if|whether) (I|we|anyone|someone) left {d} on
{d} on?
{b} still on?
(what's|what is) the (state|status) of {d}
(what's|what is) {d} doing
status of {d}
{d} status
(was|were) {d} left on
I wonder (if|whether) {d} (is|are) (still |)on
(is|are) {d} off (or on|)
has (anyone|someone|anybody) (turned|switched) (on|off) {d}
is {d} (active|working|in use)
has (anyone|someone|anybody|somebody) (put|left|switched|turned) {d} (on|off)
(did|has) (somebody|anybody|anyone) (turn|switch|turned|switched) {d} (on|off)
tell me, (is|are) {d} (on|off)
so (is|are) {d} (on|off|running)
""".strip().split("\n")
ASK_OPEN = """
(is|are) {b} (open|closed|shut)
{b} (open|closed)?
{b} status
{d} open or closed
(can you check|check|please check) (if|whether) {d} (is|are) (open|closed|shut)
(do you know|can you tell me|tell me) (if|whether) {b} (is|are) (open|closed)
(did|have) (I|we) (forget|forgotten) to (close|shut|open) {d}
(I forgot|I don't remember|not sure) (if|whether) (I closed|I shut|I opened|we closed) {d}
(has|have) {d} been (left open|closed|shut|opened)
(are|is) {d} (closed|shut|open) (yet|already|now)
(how's|how is) {d} (doing|standing), open
(state|status) of {b}
(is|are) {d} open
(is|are) {d} (still |currently |)(open|closed|shut)
(is|are) {d} (open|closed) (right now|now|at the moment|or not|or closed)
did (I|we|anyone|someone|you|anybody) (leave|forget) {d} open
did (I|we|anyone|someone|you|anybody) (close|shut|open) {d}
have (I|we) (left|closed|shut) {d} (open|)
(check|see|look|tell me|can you tell me|do you know|find out|let me know) (if|whether) {d} (is|are) (still |)(open|closed|shut)
(check|see|tell me) (if|whether) (I|we|anyone|someone) (left {d} open|closed {d}|shut {d})
{d} open?
{b} (still open|closed)?
(what's|what is) the (state|status) of {d}
status of {d}
{d} status
(was|were) {d} left open
I wonder (if|whether) {d} (is|are) (still |)(open|closed)
has (anyone|someone|anybody) (closed|opened|shut) {d}
has (anyone|someone|anybody|somebody) (left|opened|closed|shut) {d}
(did|has) (somebody|anybody|anyone) (open|close|shut|opened|closed) {d}
tell me, (is|are) {d} (open|closed|shut)
so (is|are) {d} (open|closed|shut)
(are|is) {d} (properly |really |)(closed|shut|open)
""".strip().split("\n")
ASK_LOCKED = """
is {b} (locked|unlocked)
{b} locked?
{d} locked or (not|unlocked)
(can you check|check|please check) (if|whether) {d} is (locked|unlocked)
(I forgot|I don't remember|not sure) (if|whether) (I locked|we locked|I unlocked) {d}
has {d} been locked
is {d} (locked|bolted|secure) (yet|already|now|properly)
(is|was) the lock on {d} (on|closed|shut)
did (anyone|someone|we|you) (lock|bolt) {d} (yet|already|again)
is {d} locked
is {d} (still |currently |)(locked|unlocked|bolted)
is {d} (locked|unlocked) (right now|now|or not|or unlocked)
did (I|we|anyone|someone|you|anybody) (lock|unlock) {d}
did (I|we|anyone|someone|you) (leave|forget) {d} unlocked
did (I|we|you) (remember|forget) to lock {d}
have (I|we|you) locked {d}
(check|see|look|tell me|can you tell me|do you know|find out|let me know) (if|whether) {d} is (still |)(locked|unlocked)
{d} locked?
(was) {d} left unlocked
I wonder (if|whether) {d} is locked
has (anyone|someone|anybody) locked {d}
(check|see|tell me) (if|whether) (I|we|anyone|someone) locked {d}
has (anyone|someone|anybody|somebody) (locked|unlocked|bolted) {d}
tell me, is {d} (locked|unlocked)
so is {d} (locked|unlocked)
""".strip().split("\n")
ASK_TEMP = """
(what's|what is) the (temperature|temp) (right now|now|at the moment) {in}
how (warm|hot|cold|cool) (is it|are we|does it get) {in} (now|right now|)
how (warm|hot|cold|cool) is it
how (warm|hot|cold) is {the} (now|right now|at the moment)
(tell me|give me) how (warm|hot|cold) {the} is
(what|how many) degrees (is it|do we have|are there) {in}
(what|which) temperature (is it|do we have|are we at) {in}
the temperature {in} please
(temperature|temp) of {the}
{the} temperature
(what's|what is) {the} temperature
{the} temperature please
(what|where) is {d} (set|at|set at|right now)
{d} (reading|setting|status)
(what's|what is) {d} (reading|showing) right now
(check|tell me|give me) the (temperature|temp) of {the}
(check|tell me) {d} (setting|temperature|reading)
(what's|what is) the (temperature|temp) {in}
(how) (warm|hot|cold|cool|chilly) is it {in}
(how) (warm|hot|cold|cool) is {the}
(tell me|give me|show me|read me|check) the (temperature|temp) {in}
(temperature|temp) {in}
(what's|what is) {d} (set to|at|showing|reading|on)
(what) (temperature|temp) is it {in}
(what) (temperature|temp) (do we have|is set) {in}
(how many degrees) (is it|are there|do we have) {in}
(current|room) (temperature|temp) {in}
(what does) {d} (say|show|read)
is it (warm|cold|hot|cool) {in}
(can you tell me|do you know|tell me) how (warm|cold|hot) it is {in}
(can you tell me|do you know) the (temperature|temp) {in}
(what's|what is) the (current |)(temperature|temp) of {the}
(what) (temperature|temp) does {the} have
(read|check) {d}
(to |)what is {d} set
(how) (warm|hot|cold) (has it|did it) (become|get|got) {in}
""".strip().split("\n")
ASK_LEVEL = """
(what's|what is) the {q} (on|for) {d}
(what's|what is) {d} {q}
{b} {q}?
{q} (on|for) {b}?
(check|tell me|give me) {d} {q}
(what|how much) {q} (does|do) {d} have
how high is the {q} (of|on) {d}
how high is {d} {q}
how {adj} (is|are) {b}
how {adj} is {d} set
(tell me|check) how {adj} {d} (is|are) (set|now|right now)
what is {d} set to
what (level|setting) is {b} (at|on)
how {adj} (is|are) {d}
(what's|what is) the {q} of {d}
(what's|what is) {d} (set to|at|on) {q_}
(what's|what is) {d}'s {q}
(tell me|give me|show me|check) the {q} (of|on) {d}
(what) {q} (is|are) {d} (at|on|set to)
(what) (level|setting|percentage|percent) (is|are) {d} (at|on|set to)
(how) (far|wide)_ {d}
(at |)what (level|setting|percentage) (is|are) {d}
how {adj} (did I|did we|have I|have we) set {d}
{q} of {d}?
{d} {q}?
(do you know|can you tell me|tell me) how {adj} {d} (is|are)
(what's|what is) the (level|setting) of {d}
(level|setting) of {d}?
how {adj} (is|are) {d} (right now|now|at the moment|currently)
""".strip().split("\n")
ASK_LEVEL = [t.replace(" {q_}", "") for t in ASK_LEVEL if "_ {d}" not in t]
ASK_TIMER = """
how (much|long) (time |)(is left|until the timer|do I have left|more time|to go) (on the timer|on my timer)
(how's|what about) the (timer|countdown)
how (much|long) (is|time is|time's) left
(tell me|check|show me) the (remaining time|time left|countdown|timer time)
(time|how long) (left on|remaining on|to go on) (the|my) (timer|countdown)
(is there|do I have) (any|some|much) time left on (the|my) timer
(when|how soon) (is|will) the timer (done|be done|over|finish)
timer (time left|left|remaining)?
how (much|long) (time |)(is |)(left|remaining) on (the|my) timer
(how much) (time |)(is |)(left|remaining) (on the timer|on my timer)
(how long|how much longer|how much time) (until|till|before) (the|my) timer (is done|goes off|ends|rings|is up|finishes)
(when) (does|will) (the|my) timer (go off|end|ring|finish|stop|be done)
(what's|what is) left on (the|my) timer
(time|minutes) left (on the timer|on my timer)
(check|show|tell me) (the|my) timer
(timer status|status of the timer|status of my timer)
(how many minutes|how many seconds) (are left|are there|remain|left) on (the|my) timer
is (the|my) timer (done|still running|running|finished|over|up)
(how's|how is) (the|my) timer doing
where is (the|my) timer at
(tell me|do you know) how (much|long) (time |)(is left|remains) on (the|my) timer
(remaining|left over) time (on|of) the timer
how far (is|along is) (the|my) timer
""".strip().split("\n")
ASK_ALARM = """
(what time|when) did I set (the|my) alarm
(what|which) time is (the|my) alarm (clock|) set (to|for)
(when|what time) (are you|will you be) waking me (up|)
alarm (time|status)?
(at |)what time (is|does) (the|my) alarm (go off|ring|set)
is there an alarm (set|on|tomorrow|)
(tell me|show me|check) (my|the) alarm (time|setting|clock)
(when|what time) is (the|my) alarm
(when|what time) is (the|my) alarm set (for|to)
(what time) (does|will) (the|my) alarm (ring|go off)
(when) (does|will) (the|my) alarm (ring|go off)
(when) (do|will) (I|you) (wake up|wake me)
(is|did I set) (the|my|an) alarm (set|on|)
(show|tell me|check) (the|my) alarm
(do I|do we) have an alarm (set|)
what (time |)(did I set|have I set) (the|my) alarm (for|to)
(for |)when did I set (the|my) alarm
""".strip().split("\n")

# Two actions

JOIN = """
{x}! {y}
{x} - {y}
{x} / {y}
{x}. Please {y}
{x}. Now {y}
{x}, plus {y}
{x}. Plus {y}
{x} and next {y}
{x}. Next {y}
{x}, next {y}
{x}, and also {y}
{x}. And also {y}
{x} also {y}
{x}, and please {y}
{x}. And please {y}
{x} and could you {y}
{x} and would you {y}
{x} and can you {y}
{x}. Can you also {y}
{x}. Could you also {y}
{x}, can you also {y}
{x}, could you {y}
{x} and you can also {y}
{x} and then also {y}
{x} and then please {y}
{x}, then please {y}
{x}. Then please {y}
{x}, and finally {y}
{x}. Finally {y}
{x}, and when you're done {y}
{x}. When you're done, {y}
{x} and afterwards {y}
{x}. Afterwards {y}
{x}, afterwards {y}
{x}. oh, {y}
{x}. Oh also {y}
{x}, oh {y}
{x} oh and also {y}
{x}. One more thing, {y}
{x}, one more thing: {y}
{x} and while you do that {y}
{x}, while you're at it {y}
{x}. While you're at it, {y}
{x} as well and {y}
{x} and in addition {y}
{x}. In addition, {y}
{x} and at the same time {y}
{x}, at the same time {y}
{x} and too {y}
{x} next up {y}
{x} and I also want you to {y}
{x}, I also want you to {y}
{x}. I also need you to {y}
{x}. Thanks. {y}
{x} please. {y}
{x} please, and {y}
{x} please and {y}
{x} please then {y}
{x} now and {y}
first {x} and after that {y}
first {x}, after that {y}
first {x}. Then {y}
firstly {x}, secondly {y}
first of all {x}, then {y}
start with this: {x}, then {y}
two things, {x} and {y}
{x} AND {y}
{x} and {y}
{x} and {y}
{x} and then {y}
{x}, then {y}
{x}, and {y}
{x}, {y}
{x} then {y}
{x}. {y}
{x}. then {y}
{x}. also {y}
{x} and also {y}
{x}, also {y}
{x} plus {y}
{x} & {y}
{x}; {y}
{x} as well as {y}
{x} and after that {y}
{x}, after that {y}
{x}. after that {y}
first {x} then {y}
first {x}, then {y}
first {x} and then {y}
{x} and, while you're at it, {y}
{x}, and while you are at it {y}
{x} and when that's done {y}
{x} followed by {y}
{x}. and {y}
{x}. Next, {y}
{x}. oh and {y}
{x}, oh and {y}
{x} and please {y}
{x}, and could you {y}
{x} and can you also {y}
{x} and finally {y}
both {x} and {y}
two things: {x} and {y}
{x}. When done {y}
{x} + {y}
1) {x} 2) {y}
number one, {x}, number two, {y}
{x}, and {y} too
{x}, and {y} as well
{x} and {y} please
{x}... {y}
{x} -- and {y}
also {x} and {y}
could you {x} and {y}
{x} right now and {y}
""".strip().split("\n")
REVERSED = """
before you {x}, please {y}
before you {x} {y}
after you {y} {x}
{x} after you have done this: {y}
{x}, but first {y}
{x}. But first, {y}
{x}. But before that {y}
{x} once you {y}
when you have finished this: {y}, then {x}
after you {y}, {x}
before you {x}, {y}
before {x_}, {y}
{x} after you {y}
{x} but first {y}
{x}, but before that {y}
{x} but {y} first
once you {y}, {x}
""".strip().split("\n")
REVERSED = [t for t in REVERSED if "_" not in t]

# One verb, two objects: {d} and {e} are devices, {r} and {s} rooms of the device {w}.
PAIR_ON = f"""
(turn|switch) (both |){{d}} and {{e}} on
(turn|switch|put) on {{d}}, {{e}}
{{d}}, {{e}} on
{{d}} and also {{e}} on
both {{d}} and {{e}} on
{{b}} and {{f}} (turned|switched) on
{{b}}, {{f}} on
(turn|switch|put) {{b}} and {{f}} on
(turn|switch|put) on {{b}} and {{f}}
(can|could) (I|we) have {{d}} and {{e}} on
(let|let's) have {{d}} and {{e}} on
(turn|switch) on {{d}} and also {{e}}
(turn|switch) on {{d}} and then {{e}}
{TURN} on {{d}} and {{e}}
{TURN} {{d}} and {{e}} on
{TURN} on (both |){{d}} and {{e}} (please|now|)
{{d}} and {{e}} on
{{b}} and {{f}} on
(start|activate|enable) {{d}} and {{e}}
{TURN} on {{d}} as well as {{e}}
{TURN} on {{d}}, also {{e}}
(I want|I need|I'd like|we need) {{d}} and {{e}} on
(I want|I need|I'd like) both {{d}} and {{e}} (turned|switched) on
{TURN} on {{d}} and {{e}} (too|as well|also)
(get|have) {{d}} and {{e}} (on|running|going)
(would|do) you mind turning on {{d}} and {{e}}
(make sure|ensure) {{d}} and {{e}} are on
{TURN} {{d}} on and {{e}} (too|as well|also)
{{d}} plus {{e}} on
{TURN} on {{d}} plus {{e}}
""".strip().split("\n")
PAIR_OFF = [re.sub(r"\bon\b", "off", t.replace("(start|activate|enable)", "(stop|kill|cut|disable)").replace("(on|running|going)", "(off|turned off)")) for t in PAIR_ON]
PAIR_ROOM_ON = f"""
{{w}} on in the {{r}} and {{s}}
{{w}} on in the {{r}} and in the {{s}}
{{w}} in the {{r}} and the {{s}} on
the {{r}} and {{s}} {{w}} on
the {{r}} and the {{s}} {{w}} on
{{r}} {{w}} and {{s}} {{w}} on
(turn|switch) on {{r}} and {{s}} {{w}}
(turn|switch) {{r}} and {{s}} {{w}} on
(turn|switch) on the {{w}} in the {{r}} and in the {{s}}
(turn|switch|put) the {{w}} in the {{r}} and the {{s}} on
{{w}} on in both {{r}} and {{s}}
{{r}} and {{s}} {{w}} (on|on please)
(I want|I need|I'd like) the {{w}} in the {{r}} and the {{s}} on
(turn|switch) on both the {{r}} and the {{s}} {{w}}
{TURN} on the {{w}} in the {{r}} and {{s}}
{TURN} the {{r}} and {{s}} {{w}} on
{TURN} on the {{r}} and {{s}} {{w}}
{TURN} on the {{r}} and the {{s}} {{w}}
{{r}} and {{s}} {{w}} on
{{w}} on in the {{r}} and the {{s}}
the {{w}} in the {{r}} and the {{s}} on
{TURN} on the {{w}} in both the {{r}} and the {{s}}
(I want|I need|I'd like) the {{r}} and {{s}} {{w}} on
{{w}} on in {{r}} and {{s}}
{TURN} the {{w}} on in the {{r}} and in the {{s}}
{TURN} on {{w}} in the {{r}} and the {{s}} (too|as well)
""".strip().split("\n")
PAIR_ROOM_OFF = [re.sub(r"\bon\b", "off", t) for t in PAIR_ROOM_ON]
SPLIT = f"""
{{d}} on but {{e}} off
{{d}} on while {{e}} off
{{b}} on, {{f}} off
{{b}} on but {{f}} off
(turn|switch) {{b}} on and {{f}} off
(turn|switch|put) {{d}} on and {{e}} off (please|now)
(turn|switch) on {{d}}, {{e}} off
(turn|switch) on {{d}} and {{e}} off
(I want|I need|I'd like) {{d}} on but {{e}} off
(I want|I'd like) {{d}} on, {{e}} off
{{d}} goes on and {{e}} goes off
{TURN} {{d}} on and {{e}} off
{TURN} on {{d}} and off {{e}}
{{d}} on and {{e}} off
{{d}} on, {{e}} off
{{b}} on and {{f}} off
{TURN} {{d}} on but {{e}} off
{TURN} on {{d}} but turn off {{e}}
(I want|I need|I'd like) {{d}} on and {{e}} off
{{d}} on instead of {{e}}
{TURN} on {{d}} instead of {{e}}
{TURN} {{d}} on, {{e}} off
{{b}} on {{f}} off
{{d}} should be on and {{e}} off
""".strip().split("\n")
SPLIT = [t for t in SPLIT if "instead" not in t]
PAIR_SET = f"""
{{b}} to {{n}} and {{f}} to {{m}}
{{b}} to {{n}}, {{f}} to {{m}}
{{b}} {{n}}, {{f}} {{m}}
{{b}} at {{n}} and {{f}} at {{m}}
{{d}} {{n}} and {{e}} {{m}}
{{d}} to {{n}}, {{e}} to {{m}}
(set|put|turn) {{b}} to {{n}} and {{f}} to {{m}}
(set|put|turn) {{d}} to {{n}} and then {{e}} to {{m}}
(set|put|turn) {{d}} to {{n}} and also {{e}} to {{m}}
(I want|I need|I'd like) {{d}} {{n}} and {{e}} {{m}}
{{n}} on {{d}} and {{m}} on {{e}}
(make|have) {{d}} {{n}} and {{e}} {{m}}
(set|put|turn) {{d}} {{n}} and {{e}} {{m}}
{SET} {{d}} to {{n}} and {{e}} to {{m}}
{{d}} to {{n}} and {{e}} to {{m}}
{{d}} {{n}}, {{e}} {{m}}
{{b}} {{n}} and {{f}} {{m}}
{SET} {{d}} to {{n}}, {{e}} to {{m}}
{SET} {{d}} at {{n}} and {{e}} at {{m}}
{{d}} at {{n}} and {{e}} at {{m}}
(I want|I need|I'd like) {{d}} at {{n}} and {{e}} at {{m}}
{{n}} for {{d}} and {{m}} for {{e}}
{SET} {{d}} to {{n}} but {{e}} to {{m}}
(make|turn) {{d}} {{n}} and {{e}} {{m}}
""".strip().split("\n")
PAIR_SAME = f"""
{{b}} and {{f}} at {{n}}
{{d}} and {{e}} {{n}}
both {{d}} and {{e}} to {{n}}
(set|put|turn) {{b}} and {{f}} to {{n}}
(set|put|turn) {{d}} and also {{e}} to {{n}}
{{n}} on {{d}} and {{e}}
{{d}} to {{n}} and {{e}} too
(I want|I'd like|I need) both {{d}} and {{e}} at {{n}}
{SET} {{d}} and {{e}} to {{n}}
{SET} (both |){{d}} and {{e}} to {{n}}
{{d}} and {{e}} to {{n}}
{{b}} and {{f}} to {{n}}
{{d}} and {{e}} at {{n}}
(I want|I'd like) {{d}} and {{e}} at {{n}}
{{n}} for {{d}} and {{e}}
{SET} {{d}} to {{n}} and {{e}} too
{SET} {{d}} to {{n}}, {{e}} as well
make {{d}} and {{e}} {{n}}
""".strip().split("\n")
PAIR_OPEN = """
open {b} and {f}
{b} and {f} open
{d}, {e} open
open {d}, {e}
both {d} and {e} open
open {d} and also {e}
open {d} and then {e}
(can|could) (I|we) have {d} and {e} open
open {d} and {e} (please|now)
open {d} and {e}
open both {d} and {e}
open {d} as well as {e}
{d} and {e} open
open up {d} and {e}
(I want|I'd like|I need) {d} and {e} open
open {d} plus {e}
(would|do) you mind opening {d} and {e}
open {d} and {e} (too|as well|also)
open {d}, also {e}
""".strip().split("\n")
PAIR_CLOSE = [t.replace("opening", "(closing|shutting)").replace("open up", "close up").replace("open ", "(close|shut) ") if t.startswith("open") or "opening" in t
              else t.replace(" open", " (closed|shut)") for t in PAIR_OPEN]
OPENCLOSE = """
open {d} and close {e}
close {d2} and open {e2}
open {d}, close {e}
{d} open and {e} closed
{b} open, {f} closed
open {d} but close {e}
open {d} and shut {e}
""".strip().split("\n")
OPENCLOSE = [t for t in OPENCLOSE if "d2" not in t]
ONOFF_AT = f"""
{{b}} on {{t}} and off {{u}}
{{b}} on {{t}}, off {{u}}
{{d}} on {{t}} then off {{u}}
{{d}} on {{t}} and back off {{u}}
(turn|switch) {{d}} on {{t}}, off {{u}}
(turn|switch) {{d}} on {{t}} and off again {{u}}
(turn|switch) on {{d}} {{t}} and back off {{u}}
(turn|switch) {{d}} on {{t}} then off {{u}}
(have|get) {{d}} on {{t}} and off {{u}}
(turn|switch) on {{d}} {{t}} and switch it off {{u}}
(turn|switch) {{d}} on {{t}} and turn it off {{u}}
(turn|switch) on {{d}} {{t}}, and off {{u}}
{TURN} on {{d}} {{t}} and off (again |){{u}}
{TURN} {{d}} on {{t}} and off {{u}}
{{d}} on {{t}} and off {{u}}
{{d}} on {{t}}, off {{u}}
{TURN} on {{d}} {{t}} and turn it off {{u}}
{{t}} {TURN} on {{d}} and {{u}} turn it off (again|)
{TURN} {{d}} on {{t}} and back off {{u}}
{{d}} on {{t}} and off again {{u}}
(I want|I need|I'd like) {{d}} on {{t}} and off {{u}}
{{b}} on {{t}} off {{u}}
{TURN} on {{d}} {{t}} then off {{u}}
(I want|I need|I'd like) {{d}} on {{t}} and off again {{u}}
{TURN} on {{d}} {{t}}, off {{u}}
""".strip().split("\n")
ONSET = f"""
{{d}} on, {{n}}
{{d}} on and set to {{n}}
{{b}} on and to {{n}}
{{b}} on, set to {{n}}
(turn|switch) on {{b}} and set it to {{n}}
(turn|switch) {{d}} on and then set it to {{n}}
(turn|switch) on {{d}} and then make it {{n}}
(turn|switch) on {{d}} and (put|bring) it to {{n}} (please|now)
(turn|switch) {{d}} on, then make it {{n}}
(I want|I'd like) {{d}} on and set to {{n}}
{TURN} on {{d}} and set it to {{n}}
{TURN} {{d}} on and set it to {{n}}
{TURN} on {{d}} and (put|bring|turn) it to {{n}}
{TURN} on {{d}}, then set it to {{n}}
{TURN} on {{d}} and make it {{n}}
{{d}} on and to {{n}}
{TURN} {{d}} on, set to {{n}}
{TURN} on {{d}} and set the {{q}} to {{n}}
{TURN} {{d}} on and make it {{n}}
""".strip().split("\n")

# What is not a command

CHAT = """
{who} (left|forgot|put) {d} (on|off|open) (yesterday|last night|this morning|all night|again)
(when|after|before) {who} (turned|switched) (on|off) {d}, (it was late|the dog barked|we laughed|it rained|he left)
(I|we) (really |)(like|love|enjoy|hate|miss) (how|the way) {d} (looks|sounds|works|shines|feels)
(I|we) (painted|cleaned|tidied|decorated|renovated|redid) the {r} (yesterday|last week|today|together)
(what|such) a (nice|great|beautiful|lovely|strange|funny) {w}
(the|our) {w} in the {r} (is|looks|was) (nice|great|new|old|ugly|broken|lovely|pretty)
(the|our) {r} (is|looks|was) (nice|great|cozy|lovely|too small|a mess|pretty|big|beautiful)
(I|we) (spent|had|enjoyed) (the day|a good time|the evening|the morning) in the {r}
(you did|that was|you've done) (a |)(great|good|nice|amazing|fantastic) (job|work|thing) (today|with {d}|)
(I|we) (saw|found|noticed) (a|an|the) (nice|new|cheap|funny) {w} (in a shop|at the store|online|on tv)
{who} (has|had|owns|wants|bought) (the same|a better|a bigger|an expensive|an old) {w}
(my|our) {w} (broke|died|fell|got old|exploded) (yesterday|last week|today|again)
{d} (broke|died|fell down|stopped working) (yesterday|last week|again)
(I|we) (will|might|should|could) (visit|see|call|meet) {who} (tomorrow|next week|soon|tonight)
(I am|I'm|we are) (reading|cooking|working|sleeping|eating|sitting|watching a movie) {in}
(good|great|nice|okay|perfect|wonderful|lovely|excellent), (that|it) (works|is right|was it|helped|is fine|looks great|sounds good)
(I|we) (appreciate|like) (it|that|your help|this|what you do|you)
(that|this|it) (is|was) (a |)(very |really |so |)(good|helpful|nice|kind|funny|wrong|right|strange|interesting) (idea|joke|thing|one|answer|)
(hello|hi|hey|good morning|good evening|good night|good afternoon|howdy|greetings|what's up|sup) (there|everyone|assistant|friend|buddy|)
(hello|hi|hey|hi there|good morning), how are you (today|doing|)
(thank you|thanks|thanks a lot|thank you very much|many thanks|cheers|thx|ty|thanks so much) (for your help|for that|my friend|)
(thanks|thank you|great|nice|perfect), (that's|that is|it's|you are|you're|this is) (great|nice|perfect|wonderful|enough|all|helpful|amazing|good|lovely|the best)
(great|awesome|cool|nice|well done|good job|perfect|wonderful|excellent|amazing|okay|ok|alright|fine|sure|yes|no|maybe|wow|lol|haha|bravo)
(you are|you're) (great|awesome|cool|the best|smart|stupid|funny|nice|so helpful|useless|annoying|my favorite|a genius|very clever)
(I|we) (love|like|hate|adore|really like|don't like|prefer|miss|enjoy) {d}
(I|we) (love|like|hate|adore|really like|don't like|prefer|miss|enjoy) {stuff}
{d} (is|looks|was|seems) (nice|great|broken|ugly|new|old|expensive|beautiful|lovely|my favorite|dusty|dirty|cheap|amazing|weird|pretty)
{who} (turned|switched) (on|off) {d} (yesterday|last night|already|this morning|an hour ago|before I left|again|last week|earlier|when we came home)
{who} (opened|closed|broke|fixed|bought|cleaned|painted|sold|moved|repaired|replaced|dropped|found) {d} (yesterday|last night|already|this morning|last week|)
{who} (opened|closed|broke|fixed|bought|cleaned|painted|sold|moved|repaired|replaced|dropped|found) {d} (last year|two days ago|last summer|before|once|in march|on sunday)
(I|we) (bought|got|ordered|installed|found) (a new|a|another|an old) {w} (for|in) the {r} (yesterday|last week|recently|today|)
(I|we) (bought|got|ordered|installed|found|need to buy|want to buy|should buy|will buy) (a new|a|another|an old) {w} (yesterday|last week|recently|someday|)
(I|we) (already|just) (turned|switched|put) {d} (on|off)
(I|we) (already|just) (opened|closed|locked|cleaned|dimmed|started) {d}
(I|we) used to (have|turn on|switch off|open|clean|own) {d} (every day|every night|at home|when I was young|)
{who} (said|says|thinks|told me|believes|claims) (that |)(the |){w} (is|was|looks) (nice|broken|too bright|great|ugly|on|off|open)
(my|our) (cat|dog|baby|son|daughter|hamster|parrot) (sleeps|plays|hides|sat|slept|likes to sit) (under|on|behind|next to|near) {d}
(I'm|I am|we are|we're) (going|heading|off) to (bed|work|the gym|school|the store|the beach|town|a party) (now|soon|tomorrow|)
(I'm|I am|I feel) (happy|sad|tired|hungry|bored|fine|sick|lonely|excited|late|thirsty|angry|sleepy|home)
(I|we) had {stuff} (for dinner|for lunch|for breakfast|yesterday|last night|today)
(I|we) (watched|saw|read|heard|visited|met|lost) (a|the) (good |great |bad |funny |)(movie|film|show|book|song|concert|friend|game|museum|story) (yesterday|last night|today|last week|)
(it's|it is|what) (a |)(nice|beautiful|lovely|sunny|rainy|great|terrible|cold winter) day (today|outside|)
the (weather|sun|rain|snow|sky|garden|food|party|movie|game) (is|was|looks) (nice|great|bad|beautiful|terrible|lovely|over|fun) (today|outside|yesterday|)
(in the past|back then|years ago|last year) (I|we) (had|used|owned|bought|sold) {d}
(this|that) is (my|our|a nice|the best|a great) {w} (ever|in the house|in the {r}|)
(how was|how is|how's) your (day|night|weekend|mood|morning)
(see you|bye|goodbye|good night|take care|talk to you|have a nice day) (later|soon|tomorrow|then|)
(happy birthday|merry christmas|happy new year|congratulations|good luck|sleep well|sweet dreams|welcome home|get well soon) (to you|everyone|)
{who} (works|lives|sleeps|sits|is|was|studies|hides) {in}
{who} (likes|loves|hates|wants|needs|has|had) {d}
(there is|there's|there was|there are) (a|some|no) (spider|noise|smell|mouse|party|cat|stain|dust|hole) (in|on|near|behind) {d}
(if|when) I was (young|little|a child|a kid), {who} (turned|switched) (on|off) {d}
(I|we) (think|guess|believe|hope|feel) (that |){d} (is|was|looks) (nice|great|ugly|too old|too small|very nice)
tomorrow (I|we) (will|might|may|want to) (buy|fix|clean|paint|replace|sell) {d}
(oh|well|hmm|um|ah), (I see|never mind|okay|that's fine|interesting|really|nothing|forget it)
(never mind|nothing|forget it|no worries|it doesn't matter|that's all|that is all|I'm done|just kidding|just testing)
(testing|test|mic check|is this on|can you hear me|are you there|are you listening|hello world)
(who|what) are you
(what's|what is) your (name|age|favorite color|favorite song|job|purpose)
(are|were) you (a robot|human|real|alive|happy|awake|smart|married)
(do|can) you (love me|think|dream|sleep|like me|have feelings|like music|have friends)
(I|we) (left|forgot|lost|put) (my|the) (keys|phone|glasses|book|wallet|bag|shoes|umbrella) (in|on|near|under|behind) the {r}
(the|our) (neighbors|kids|guests|parents) (are|were) (loud|here|coming|nice|asleep|at home|in the {r})
{d} {who} (bought|gave me|sold|broke) (is|was) (great|nice|broken|expensive)
(remember|do you remember) (when|the day) {who} (broke|bought|turned on|lost) {d}
(I|we) have (already|just) (turned|switched|put) (on|off) {d}
(I've|we've) (already|just) (turned|switched) {d} (on|off)
{who} (already|just) (turned|switched|put) {d} (on|off) (again|yesterday|himself|before|)
{who} has (already|just) (opened|closed|dimmed|locked|put on|cleaned) {d}
(I|we) (turned|switched|put) {d} (on|off) (myself|ourselves|already|earlier|before|this morning)
{who} (put|had) {d} (on|off) (yesterday|last night|all day|all night)
(I|we) (bought|ordered|installed|got) (a new|another|an old) {w} for the {r}
(my|our) {w} (in|from) the {r} (is|was|looks) (old|new|broken|lovely|nice|gone)
that {w} in the {r} (is|was) (old|new|broken|nice)
(I|we) (like|love|hate|miss) (my|our|the old|that) {w}
""".strip().split("\n")
QUESTION = """
(what's|what is) the (capital|largest city|biggest city|main river|national dish|time zone) (of|in) {place}
(what|which) (city|river|country|year|planet|language) (is|was) (the capital of {place}|the biggest in {place}|the longest in {place}|next to {place})
who (was|is) the (first|last|richest|tallest|oldest|current) (president|king|man|woman|person|queen|human) (of {place}|in the world|on the moon|in space|)
who (invented|made|discovered|built|came up with) the (light bulb|first car|telephone|first {w}|{w}|pyramids|computer|zipper|camera|radio)
(when|where|why|how) (was|were) (the |)({topic}|first {w}|{w}) (invented|discovered|made|built|named)
(why|how) (do|does|did) (a |the |)({topic}|{w}|birds|planes|people) (work|exist|fly|sleep|break|make noise)
(can you |could you |)(explain|tell me) (what|how|why) {topic} (is|works|are|happened|matter)
(do|did) you (know|hear|read) (about |anything about |something about ){topic}
(what|how) (old|tall|big|far|heavy|many years old) (is|was) {who}
(what's|what is) (ten|{num}) percent of {num2}
(how) do (you|I) say (hello|thank you|cheese|goodbye|water|light) in (french|spanish|german|italian|japanese)
(should|can) (I|we) (buy|trust|eat|grow|keep) {topic}
who (invented|discovered|built|made|created|designed) {topic}
(what|who) (is|are|was|were) {topic}
how (does|do|did) {topic} work
why (is|are|do|does|did) {topic} (important|work|exist|matter|so popular)
(what's|what is) the (capital|population|currency|language|flag|size|area|president) of {place}
(where) is {place}
how (far|big|old|large|expensive|hot) is {place}
how many people live in {place}
(what's|what is) the (weather|time|date|news) (like |)(in {place}|today|tomorrow|there|in {place} today|)
what (day|time|year|month) is it (today|now|)
(will|does|is) it (rain|snow|raining|going to rain) (today|tomorrow|in {place}|now|this weekend)
who (wrote|painted|composed|directed|sang|starred in) (hamlet|the mona lisa|star wars|faust|the odyssey|bohemian rhapsody|titanic|war and peace|moby dick|yesterday)
(what's|what is) {num} (plus|minus|times|divided by|+|-|x) {num2}
how (much|many) is {num} (plus|minus|times|and) {num2}
how (tall|old|heavy|deep|long|high|fast) (is|was) (mount everest|the eiffel tower|the nile|a giraffe|an elephant|the queen|the amazon|a blue whale|the great wall|the earth|the pacific|einstein)
(when) (did|was|is) (world war two|the french revolution|easter|christmas|napoleon|the moon landing|shakespeare|the internet|the first car) (start|end|born|happen|begin|invented|this year|)
(tell me|explain|what do you know|teach me something) about {topic}
(explain|describe) (how |)(does |){topic} (works|work|to me|in simple words)
what does (the word|) (irony|quantum|photosynthesis|democracy|osmosis|entropy|serendipity|karma|algorithm) mean
(how) do (I|you|we) (cook|make|bake|fix|clean|repair|spell|pronounce|learn|grow) (rice|pasta|bread|a cake|a bike|french|tomatoes|eggs|a resume|a website|potatoes|soup)
(how) do (I|you) (install|repair|fix|clean|replace|mount|choose) {d}
(how much) (does|do) (a|an) (new |good |) {w} cost
(where) can (I|we) buy (a|an) (new |good |cheap |) {w}
(what|which) {w} (is|would be) (the best|the cheapest|best|good for {r}s)
why (is|are) {w} (so |)(expensive|popular|important|called that|round|noisy)
(why|how) (is|was) {topic} (made|named|called that|found|invented|dangerous)
(what's|what is) the (difference|distance) between {topic} and {topic2}
(which|what) (animal|planet|country|city|river|mountain|metal) is the (biggest|fastest|largest|smallest|oldest|longest|highest|hottest)
(how many) (days|hours|minutes|seconds|weeks|inches|planets|countries|legs|states) (are there |are |)in (a year|a week|an hour|the solar system|a spider|europe|a day|a foot|the usa|a mile)
(is|are|was|were) {topic} (dangerous|real|healthy|expensive|old|useful|older than {topic2})
(did|does|can|do) (you know|anyone know) (why|how|when) {topic} (works|began|ended|was invented|is made|started)
(what's|what is) the (meaning|purpose|origin|history|price|speed|color) of (life|{topic}|a {w}|light|sound)
(can|do|could) (cats|dogs|fish|birds|plants|babies|robots|humans|horses|bees) (see|fly|swim|eat|hear|like|drink|feel) (colors|chocolate|music|pain|milk|cheese|at night|underwater|coffee|grapes)
(who) is the (president|king|queen|mayor|prime minister|pope) of {place}
(what) languages (do they|are|do people) (speak|spoken) in {place}
(how) long does it take to (boil an egg|fly to {place}|read a book|learn {topic}|get to {place}|cook rice|charge a phone)
(what's|what is) (a good|the best) (recipe|name|gift|movie|song|book) (for|about) (dinner|my mom|a dog|{topic}|a cat|kids)
(convert|translate) (hello|ten miles|five pounds|good night|thank you|a mile|twenty euros) (to|into) (french|kilometers|kilos|spanish|german|dollars|italian)
(what) (should|can) (I|we) (eat|wear|cook|watch|read|do|buy) (today|tonight|tomorrow|for dinner)
(who) (won|lost|played) (the|last) (game|match|super bowl|world cup|election|race) (yesterday|last night|in {place}|)
where (on earth |exactly |)(is|lies) {place}
where can (I|we|you) find {place}
(how|why|when) (is|was|are|were) the (first|oldest|biggest) {w} (made|named|built|found)
where (was|were) (the |)({topic}|{w}) (first |)(made|used|built|found)
(in which|on what) (continent|part of the world|country) is {place}
""".strip().split("\n")
UNSUPPORTED = f"""
(start|stop|open|close|activate|run|use) the {{u}} in the {{r}}
is the {{u}} in the {{r}} (on|off|running)
set the {{r}} {{u}} to {{n}}
set the {{u}} in the {{r}} to {{n}}
{{r}} {{u}} (on|off)
(would|do) you mind turning (on|off) the {{r}} {{u}}
(I want|I'd like|I need) the {{r}} {{u}} (on|off)
(turn|switch) (up|down) the {{r}} {{u}}
(turn|switch) the {{u}} (on|off) in the {{r}}
the {{u}} in the {{r}} (on|off)
(turn|switch|put) (on|off) {{u}}
(turn|switch) {{u}} (on|off)
(start|stop|run) {{u}}
{{u}} to {{n}}
set {{u}} to {{n}}
did (I|we) leave the {{u}} (on|open|running)
how (hot|fast|loud|full) is the {{u}}
(turn|switch) (on|off) the {{u}} in (ten minutes|an hour|half an hour|five minutes|two hours)
(turn|switch) (on|off) the {{u}} at (noon|8 pm|seven|6:30|midnight|ten in the evening)
(raise|lower|increase|decrease|dim) the {{u}}
(make|turn|set) the {{u}} (brighter|louder|faster|hotter|warmer|colder)
(could|can) you (turn|switch) (on|off) (the|my) {{u}}
(start|warm up|preheat|cool down) the {{u}}
(please |)(get|have|put) the {{u}} (on|off|going|running)
the {{u}} should be (on|off|running)
(lift|fold|move|carry|push) (the|my|that) (sofa|table|chair|box|bag|bed|bike|rug)
(hide|paint|sell|throw away|repair|fix|break) (the|my) (sofa|wall|chair|roof|fence|bike|shoes|bed|mirror|table)
(check|read|show|open) (my|the) (email|bank account|calendar|mail|messages|schedule|news|weather forecast)
(tell|ask) {{who}} (to come|to call me|that I'm late|to buy milk|about the party|to wait)
(hum|whistle|rap|sing|recite|perform) (something|a song|a little song|a tune|a poem|for us|for the kids)
(sing|read|tell) (me|us|the baby|the kids) (a|another) (song|story|poem|rhyme|bedtime story|lullaby song|fairy tale)
(get|bring|make|pour|hand) me (a|some|another) (coffee|tea|beer|water|drink|snack|juice|cup of tea|glass of water)
{TURN} (on|off) the {{u}}
{TURN} the {{u}} (on|off)
{TURN} (on|off) (my|our|that) {{u}}
(start|stop|run|open|close|activate|launch|boot|use|fix|clean|charge) (the|my|our) {{u}}
{{u}} (on|off)
the {{u}} (on|off) (please|now|)
(set|put|turn) the {{u}} to {{n}}
(set|put|turn|dim|lower|raise) the {{u}} (up|down) to {{n}}
(turn|bring) (up|down) the {{u}}
(I want|I'd like|I need) the {{u}} (on|off|running|started|fixed)
(make|let|have) the {{u}} (run|start|stop|go|work)
{TURN} (on|off) the {{u}} in the {{r}}
{TURN} the {{r}} {{u}} (on|off)
(lock|unlock|open|close) the {{u}} (please|now|)
(paint|make|turn) the {{u}} (blue|red|green|yellow|purple)
(would|do) you mind turning (on|off) the {{u}}
is the {{u}} (on|off|running|done|open|ready)
(call|phone|text|message|email|ring up|write to|contact|video call) {{who}} (now|please|for me|back|right now|)
(send|write) (a message|an email|a text|a letter|a postcard) to {{who}} (please|now|)
send {{who}} (a message|an email|a text|my location)
(order|buy|get|bring|fetch|get me|order me|find me) {{food}} (please|for dinner|online|for us|)
(book|reserve|find|cancel) (a|the|me a) (table|flight|hotel|room|ticket|ride|cab|doctor's appointment|haircut|train) (for tonight|for two|to {{place}}|for tomorrow|in {{place}}|)
tell (me|us) a (joke|story|riddle|fairy tale|bedtime story|secret|fun fact|poem)
(sing|write|compose|recite|rap|hum) (me |us |)(a|the) (song|poem|letter|story|tune|birthday song|melody)
(play|let's play) (chess|a game|poker|hide and seek|tic tac toe|cards|a video game|solitaire|tag) (with me|)
(read|open) (my|the) (email|emails|mail|messages|news|newspaper|calendar|book)
(add|put) {{food}} (to|on) (my|the) (shopping list|list|cart|grocery list)
(remind|tell) me to (call|visit|feed|water|buy|pay|walk|email) (mom|the cat|the plants|milk|the bills|the dog|{{who}}) (tomorrow|later|tonight|)
(take|snap|make) (a|me a) (picture|photo|selfie|video|screenshot|note|memo) (of {{topic}}|please|)
(wash|iron|fold|clean|dry) (the|my) (dishes|clothes|car|windows|shirt|towels|shoes|bathtub)
(cook|make|bake|prepare|fry) (me |us |)(dinner|lunch|breakfast|a cake|some eggs|a sandwich|pasta|soup|pancakes)
(navigate|drive|take me|drive me|fly me|show me the way) to (work|the airport|{{place}}|the store|school|the station|the beach|home)
(search|google|look up|browse) (for |) {{topic}} (online|on the internet|please|)
(download|install|update|delete|uninstall) (the|an|that|this) (app|game|update|file|software|driver|program)
(feed|walk|wash|brush|pet) the (dog|cat|fish|bird|rabbit|hamster|horse) (please|now|for me|)
(water|mow|plant|trim|rake|cut) the (plants|lawn|flowers|hedge|leaves|roses|grass|tomatoes)
(do|finish|write|check) my (homework|taxes|essay|report|resume|assignment)
(transfer|send|pay|lend) (ten|twenty|a hundred|fifty|some|five) (dollars|euros|pounds|bucks|money) to {{who}}
(close|lock|save|print|open) (the|that|this) (document|browser|file|page|window on my screen|spreadsheet|tab)
(translate|spell|define|say) (hello|thank you|good night|goodbye|this|serendipity) (in french|in spanish|for me|in german|)
(vote|apply|sign up|register|pay) for (me|the job|the election|that|a course|the meeting)
(dance|jump|fly|swim|walk|run|laugh|clap|smile) (for me|around|with me|please|)
give me (a hug|money|a massage|a kiss|advice|some advice|a present|a ride)
(post|share|like) (this|that|a photo|my picture) (on facebook|online|on instagram|with {{who}})
(shut|power) (down|off) the {{u}}
(can|could) (you|the robot) (drive|fly|cook|sew|knit|paint|dance|lift|carry) (me|dinner|a car|the sofa|my pants|a picture|a plane|)
(turn|switch|put) (on|off) (our|my|that) {{u}} in the {{r}}
(turn|switch|put) (our|my|that) {{r}} {{u}} (on|off)
the {{r}} {{u}} (on|off) please
(set|put|turn) (my|our) {{u}} in the {{r}} to {{n}}
(set|put) (my|our) {{r}} {{u}} (to|at) {{n}}
(power|flick|click|flip) {{u}} (on|off)
(power|flick|click|flip) (on|off) the {{u}} (please|now|)
(increase|lower|turn up|turn down|raise) (the|our) {{u}} in the {{r}}
""".strip().split("\n")
UNCLEAR = """
(turn|switch|put) (on|off) the {r}
(turn|switch|flip) the
(set|put|turn) the {w}
(set|put|turn|change) (the|my) {w} (to|at|by)
(turn|switch) {d} (to|and|or)
(open|close|dim|lock|turn on|turn off|switch on|start|play|set) (the|my|a|an|that)
(open|close|dim|turn on|switch off) the (one|other one|thing|same one|first one|next)
(make|set|turn|put) it (a bit|a little|to|at|for)
(put|set|turn|bring) (it|that|this|them) (to|at) {n}
{n} percent of (it|that|this|what)
(set|put|turn) (something|things|stuff|everything) to
(to|at|for|in|on) the {r}
(the|a|my) (thing|one|other) (please|now|there|over there)
(can|could|would) you (turn|set|switch|put|open) (it|that|the|this)
(I|we) (want|need|would like|wish) (it|that|the|to|a)
(just|please|now|maybe) (do|make|set|turn) (it|that|the)
(no|yes|well|and), (the|it|that) (other|left|right|big|small) one
{gib} (please|now|on|off)
(turn|switch) (it|that|this|them|those) (on|off)
(turn|switch) (on|off)
(turn|switch|put|set|make)
(turn|switch|put|flip) (on|off) (the|my|a)
(set|put|turn|change) (it|that|this|them) to {n}
(set|put|turn|change) to {n}
(set|put|change|adjust) the
(set|put|turn|bring) (it|that|them|this) (up|down|up a bit|down a bit|on please|lower|higher)
(open|close|shut|lock|unlock|start|dim) (it|that|this|them)
(open|close|shut|lock|unlock|dim|set|turn|change)
(do|make|fix|change|use|get|take|move|try) (it|that|this|something|the thing|that thing|stuff)
(do it|make it so|the thing|that one|the other one|this one|you know|like last time|same as before|as usual|the usual|again|more|less)
(in|on|at|for|to|by|the|and|with) (the|a|my)
in the {r}
the {r}
{r} please
{n}
{n} please
(to|at|by) {n}
(in|after|for) {t}
at {c}
(please|can you|could you|would you|hey|kindly)
(can|could|would|will) you (please|turn|turn the|set|make|do)
{gib}
{gib} {gib2}
{gib} {gib2} {gib3}
(turn|set|open|close|play) {gib}
(turn on|turn off|switch on|switch off|open|dim) the {gib}
the {gib} {gib2}
(and|or|but|because|if|when|so) (then|the|it|that)
(set|turn) {d} (to|by|at)
(set|change|adjust) {d}
(put|bring|take) {d}
{d}
{d} (to|and|or|with)
(turn|switch|flip) {d}
(make|have|get) {d}
(turn|switch) {r}
(the thing|that thing|something|stuff) (in|near) the {r}
(turn|switch) (on|off) (the thing|that thing|something|the stuff|whatever) (in the {r}|)
(hmm|uh|um|er|ehm|eh) (the|what|so|well|like|)
{n} {n2}
(what|why|who|how|where|when|which)
(what|how) about (it|that|the|this)
(is|are) (it|the|that|they) (on|off|open|)
(over|here|there|somewhere|out|back) in the {r}
(something|someone|anything) (in|for|at) the {r}
(switch|put|make|get) {d} (by|at|to)
(switch|flip|make|get|put) the {w} (by|at|to)
(on|off|up|down)
(change|adjust|switch) (the|my|a)
""".strip().split("\n")
NEGATED = """
(don't|do not|dont) {imp}, (please|ok|okay|thanks|I like it)
(don't|do not|please don't) {imp} (until I say so|while I'm away|just yet|this time|tonight)
(I'd rather|I would rather|we'd rather) (you didn't|you did not|not) {imp}
(you don't have to|you needn't|no need to|don't bother to) {imp}
(there's|there is) no (need|reason) to {imp}
(please |)never {imp} (again|at night|when I'm home|)
(it's better|better) not to {imp}
(keep|leave) {d} (as it is|as is|alone) please
(keep|leave) {d} (the way it was|like it is|as it is now)
(hands off|stay away from|keep away from|don't mess with) {d}
(don't|do not|dont) you dare {imp}
(I|we) (don't|do not) want (you to |anyone to |){imp}
(stop|no|wait), (don't|dont|do not) {imp}
{d} (stays|should stay|must stay|is to stay) (as it is|like this|like that|untouched|the way it is)
(on second thought|actually|no wait|hold on) (don't|do not) {imp}
(don't|do not|never) ever {imp}
(don't|do not|dont|never|please don't|please do not) {imp}
(don't|do not|dont|you must not|you should not|you shouldn't|please don't ever) {imp} (now|yet|today|again|anymore|)
(no need to|you don't have to|you do not need to|there's no need to|it's not necessary to) {imp}
(I don't want|I do not want|we don't want) you to {imp}
(leave|keep) {d} (alone|as it is|as they are|the way it is|untouched|like that|be)
(don't|do not|never) (touch|change|bother with|mess with|do anything with|move|adjust) {d}
(wait|stop|no|hold on|hey), (don't|do not) {imp}
(I|we) (don't|do not) want {d} (on|off|open|closed|changed|touched|brighter|darker)
(whatever you do|under no circumstances|at no time) (don't|do not|should you|must you) {imp}
(please |)(refrain from|avoid) (turning|switching) (on|off) {d}
(please |)(refrain from|avoid) (touching|changing|opening|closing) {d}
{d} (must|should) not be (turned|switched) (on|off)
{d} (must|should) not be (opened|closed|touched|changed)
(you'd better|better|I'd rather you did) not {imp}
(nobody|no one|you) (should|may|must) (not |never |)(touch|change) {d}_
(it's not|this isn't|now is not) the time to {imp}
(I said|I told you|I asked you) not to {imp}
{imp}? (no|no way|not now|absolutely not|please don't|better not)
(try|make sure|be careful|remember) not to {imp}
(cancel|ignore) that, (don't|do not) {imp}
let {d} be
just leave {d} (alone|be|as it is)
(leave|keep) {d} (exactly |just |)(as it is|as they are|how it is|untouched|alone)
(don't|do not) ever {imp} (please|again|)
(nothing|no changes) (to|on|with) {d}, (leave it|please|keep it as it is)
""".strip().split("\n")
NEGATED = [t for t in NEGATED if not t.endswith("_")]
