"""The demo's language: families of templates, each with the action that its sentences mean.

A template is one string; "(a|b|)" offers alternatives, {names} are filled by the family. A template's id is its family and its
number in it. The split between training and held-out data is by these ids.
"""

TURN = "(turn|switch|turn|switch|flip|put|flick|click|power)"
GO = "(turn|switch|put|set|get|flip)"
SET = "(set|set|put|turn|adjust|change|bring|move)"

ON = f"""
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
(use|boot|bring up) {{d}}
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
""".strip().split("\n")

SETLEVEL = f"""
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
(dim|lower|fade|drop|soften|reduce|brighten|raise) {d} to {n}
(dim|lower|fade|drop|soften|brighten) {d} (down|up) to {n}
dim down {d} to {n}
(would|do) you mind (dimming|lowering|brightening) {d} to {n}
{d} (dimmed|lowered|down|up|dim) to {n}
I want {d} dimmed to {n}
(dim|brighten) {d} until (it's|it is|they are|they're) at {n}
""".strip().split("\n")

LIFT = """
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

DOWN = [t.replace("pump up|crank up|bump up|step up|up)", "lower|cut back|bring down|take down|drop)")
        .replace("pump up|crank up|bump up|step up)", "lower|cut back|bring down|take down|drop)")
        .replace("increase|raise|boost|turn up|crank up|bump up", "decrease|lower|reduce|turn down|bring down|take down")
        .replace("increase|raise|boost", "decrease|reduce|lower").replace("turn up {d}", "turn down {d}").replace("{d} up", "{d} down")
        .replace("{b} up", "{b} down").replace("turning up", "turning down").replace("more {q}", "less {q}")
        .replace("(more|a bit more|some more) {q}", "(less|a bit less) {q}").replace("|some more)", "|)") for t in UP]
DIMDOWN = ["dim {d}", "dim {d} (a bit|a little|some|slightly|a touch|please|down|down a bit)", "dim down {d}", "(fade|soften) {d}",
           "{d} (dimmed|dim|dimmer)", "(would|do) you mind dimming {d}", "I want {d} (dimmed|dimmed a bit)", "(please dim|kindly dim|dim) {b}",
           "could {d} be (dimmed|dimmer)", "(make|have) {d} dim"]
BRIGHTEN = ["brighten {d}", "brighten {d} (a bit|a little|some|slightly|a touch|please)", "brighten up {d}", "brighten {d} up",
            "{d} (brightened|brighter)", "(would|do) you mind brightening {d}", "I want {d} brightened"]

UPBY = """
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
""".strip().split("\n")
DOWNBY = """
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
""".strip().split("\n")

SETTEMP = """
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
OPEN_BLINDS = ["(raise|lift|pull up|roll up|draw up|pull back|put up) {d}", "(pull|roll|put|draw|bring) {d} up", "{d} up", "{b} up", "let (the |some |)(light|sun|sunlight|daylight) in {in}",
               "let (the |some |)(light|sun|sunlight|daylight) into {the}", "(would|do) you mind (raising|lifting|pulling up) {d}",
               "(pull|draw) {d} (apart|back|aside)"]
CLOSE = """
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
CLOSE_BLINDS = ["(lower|pull down|roll down|drop|draw|let down|bring down) {d}", "(pull|roll|put|bring|let) {d} down", "{d} down", "{b} down", "draw {d} (closed|shut|)",
                "(would|do) you mind (lowering|drawing|pulling down) {d}"]
STOP = ["stop {d}", "(halt|freeze) {d}", "stop {d} (there|right there|now|where (it is|they are))", "{d} stop", "(hold|keep) {d} where (it is|they are)", "stop (moving|closing|opening) {d}",
        "{b} stop", "stop: {b}", "make {d} stop", "(hold|stop) {b}"]
LOCK = """
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
UNLOCK = [t.replace("(lock|lock|secure|bolt)", "(unlock|unlock|unbolt)").replace("(lock|bolt)", "(unlock|unbolt)").replace("lock up {d}", "release {d}").replace("put the lock on", "(release|take off) the lock (of|on)")
          .replace("|tight", "").replace(" locked", " unlocked").replace("(locked|lock)", "(unlocked|unlock)").replace(" locking", " unlocking").replace(" lock {d}", " unlock {d}").replace(": lock", ": unlock") for t in LOCK]

PLAY = """
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
""".strip().split("\n")
UNMUTE = """
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
TIMEROFF = ["(cancel|stop|delete|end|kill|clear|turn off|remove|abort|quit|dismiss) (the|my|that|this) timer", "timer (off|stop|cancel)", "(stop|cancel|end) (the |my |)(countdown|kitchen timer|egg timer)",
            "(forget|never mind|scrap|drop) the timer", "(I don't|we don't) need the timer (anymore|any more|any longer)", "(get rid of|switch off|shut off) the timer",
            "no (more |)timer", "(would|do) you mind (cancelling|stopping) the timer", "(the |)timer can (stop|go|be cancelled)", "make the timer stop"]
ALARM = """
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
ALARMOFF = ["(cancel|stop|delete|turn off|clear|disable|remove|switch off|kill|shut off|dismiss) (the|my|that|this) alarm", "alarm (off|stop|cancel)", "no (more |)alarm", "(forget|scrap|drop) the alarm",
            "(I don't|we don't) need the alarm (anymore|any more|any longer)", "(get rid of) (the|my) alarm", "make the alarm stop", "(would|do) you mind (stopping|cancelling) the alarm",
            "(cancel|delete|remove) (the|my) alarm clock"]

VACUUM = """
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
VACSTOP = ["(stop|pause|halt|turn off|switch off) {d}", "stop (vacuuming|cleaning|hoovering)", "{d} stop", "(make|have) {d} stop", "(tell|ask) {d} to stop", "(no more|enough|that's enough) (vacuuming|hoovering|cleaning)",
           "{d} (off|pause)", "(would|do) you mind stopping {d}", "stop {d} (now|please|right there)"]
VACHOME = ["(send|bring|get|return|take) {d} (home|back|back home|to its dock|to the dock|to its base|to its charger)", "(send|bring|get) {d} back to (its|the) (dock|base|charger|station|charging station)", "dock {d}", "{d} (home|back home|go home|to the dock|to its base|dock)",
           "(charge|recharge|park) {d}", "(have|let|make) {d} (go|return|go back|drive) (home|to its dock|to the charger|to the dock|to its station)", "(tell|ask) {d} to (go home|dock|return|charge|go back to its dock)",
           "{d} (should|can|may) (go home|return|dock|charge)", "(I want|I'd like) {d} (docked|back in its dock|to go home|to charge)", "back to (the|its) dock with {d}", "(put|set) {d} (on|in) its (charger|dock|base)"]

# Questions about the state of things

ASK_ON = """
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
""".strip().split("\n")
ASK_OPEN = """
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
(what's|what is) the (state|status|position) of {d}
status of {d}
{d} status
(was|were) {d} left open
I wonder (if|whether) {d} (is|are) (still |)(open|closed)
has (anyone|someone|anybody) (closed|opened|shut) {d}
""".strip().split("\n")
ASK_LOCKED = """
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
""".strip().split("\n")
ASK_TEMP = """
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
1. {x} 2. {y}
one, {x}, two, {y}
""".strip().split("\n")
REVERSED = """
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
PAIR_OFF = [t.replace(" on", " off").replace("(start|activate|enable)", "(stop|kill|cut|disable)").replace("(on|running|going)", "(off|turned off)").replace(" are on", " are off") for t in PAIR_ON]
PAIR_ROOM_ON = f"""
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
PAIR_ROOM_OFF = [t.replace(" on", " off", 1) if not t.endswith(" on") else t[:-3] + " off" for t in PAIR_ROOM_ON]
SPLIT = f"""
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
""".strip().split("\n")
QUESTION = """
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
""".strip().split("\n")
UNSUPPORTED = f"""
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
(wash|iron|fold|clean|dry) (the|my) (dishes|clothes|car|windows|shirt|laundry|toilet|shoes|bathtub)
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
""".strip().split("\n")
UNCLEAR = """
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
""".strip().split("\n")
NEGATED = """
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
""".strip().split("\n")
NEGATED = [t for t in NEGATED if not t.endswith("_")]
