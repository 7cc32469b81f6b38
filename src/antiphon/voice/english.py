"""What English speakers say to command a player: phrases, one a line.

``[x]`` may be left out, ``(a|b)`` is one of both, ``<name>`` is a phrase of ``PARTS``, ``{slot}``
takes any words. What is said first in this list wins where two phrases match.
"""

from typing import Final

from antiphon.voice.model import Intent

PARTS: Final = {
    "it": "(it|this|that|the music|the song|the track|music|playing|playback|this song|this track)",
    "this": "(this|it|that|the song|this song|that song|this track|this one|that one)",
    "song": "(song|track|one|tune)",
    "switch": "(turn|switch|put)",
    "enable": "(enable|activate|use)",
    "disable": "(disable|deactivate)",
    "here": "(it|this|that|the music|the song|playback|this song|playing)",
    "off": "(it|this|the music|that|the song|everything)",
    "spatial": "(spatial|surround|3d|immersive) [audio|sound|mode]",
    "volume": "(volume|sound|it|music|this)",
    "louder": "(up|down|louder|quieter|softer)",
    "abit": "(a bit|a little|a lot)",
    "quality": "(lossless|hi-res|high|low|automatic|standard)",
    "raise": "(raise|lower|increase|decrease|reduce)",
    "seek": "(skip|jump|go|fast forward|rewind|seek|move) [forward|ahead|back|backward|backwards]",
    "duration": "(second|minute|min|sec|hour|seconds|minutes|mins|secs|hours)",
    "number": "(half|a|an|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen"
    "|twenty|thirty|forty|forty-five|forty five|fifty|sixty|ninety|\\d+)",
}

POLITE_BEFORE: Final = (
    r"^\W*(?:(?:hey|ok|okay|hi|hello)\s+[a-z]+[,\s]+)?"
    r"(?:(?:please|now|just|kindly|(?:could|can|would|will) (?:you|we|i)"
    r"|i(?: want|'d like) you to|hang on(?: a (?:second|minute|moment))?|wait)[,\s]+)*"
)
POLITE_AFTER: Final = r"[,\s]*(?:please|thanks|thank you|for me|right now|now)?[\s.!?]*$"

_PHRASES: Final[tuple[tuple[Intent, str], ...]] = (
    (
        Intent.PAUSE,
        """
        (pause|stop|halt|hold) [<it>]
        (shut|turn|switch) <off> off
        (shut|turn|switch) off <off>
        (be quiet|quiet|shut up|silence|stop there|hold on|enough)
        """,
    ),
    (
        Intent.RESUME,
        """
        (resume|continue|unpause|play|start) [<it>]
        (resume|continue|start) [<it>] again
        (go on|carry on|keep going|keep playing)
        """,
    ),
    (
        Intent.SKIP,
        """
        (next|skip) [<this>]
        (play|skip to|go to) [the] next [<song>]
        the next [<song>]
        next <song>
        skip [the] <song>
        skip {amount} (songs|tracks|tunes)
        skip [the] next {amount} (songs|tracks|tunes)
        i don't (want|like) to hear this
        play (something|anything) else
        not this [one|song]
        """,
    ),
    (
        Intent.PREVIOUS,
        """
        (previous|back|go back|start over)
        [play|go to|go back to] [the] (previous|last) <song>
        [play|start] [<this>] [again] from the (beginning|start|top)
        play (that|this|it|that one|this song|the (previous|last) <song>) again
        (one <song> back|[go] back (one|a) <song>)
        (start <this> over|restart [<this>])
        (go|jump|skip) [back] to the (beginning|start|top) [of <this>]
        """,
    ),
    (
        Intent.SHUFFLE_OFF,
        """
        (<switch> off [the] shuffle|<switch> [the] shuffle off|shuffle off|unshuffle)
        (stop|don't|no) (shuffle|shuffling)
        play (it|them|this) in order
        """,
    ),
    (
        Intent.SHUFFLE_ON,
        """
        (<switch> on [the] shuffle|<switch> [the] shuffle on|shuffle on|shuffle [mode])
        shuffle (these|these songs|those|my queue|this album|this playlist)
        shuffle (it|this|them|everything|the queue|this queue)
        mix (it|them) up
        play [<it>|these|them] (on shuffle|in random order)
        """,
    ),
    (
        Intent.REPEAT_OFF,
        """
        <switch> off [the] (repeat|loop)
        <switch> [the] (repeat|loop) off
        (repeat|loop) off
        (stop|don't|no) [more] (repeat|repeating|loop|looping) [<this>]
        """,
    ),
    (
        Intent.REPEAT_ONE,
        """
        (repeat|loop) (<this>|one|the <song>|<song>)
        (play|put) <this> on [a] (repeat|loop)
        (play|keep) <this> [playing] (over and over|forever|in a loop)
        """,
    ),
    (
        Intent.REPEAT_ALL,
        """
        (repeat|loop) [all|everything|on]
        play on (repeat|loop)
        (repeat|loop) (the|this) (album|playlist|queue)
        <switch> on [the] (repeat|loop)
        <switch> [the] (repeat|loop) on
        """,
    ),
    (
        Intent.VOLUME,
        """
        {amount:[turn|make|bring] [the] [<volume>] <louder> [<abit>] [(by|to) {}]}
        {amount:(turn|make|bring) [<volume>] (<abit>|way|much) <louder>}
        {amount:(turn|make|bring|play) (up|down) [the] [<volume>] [<abit>] [(by|to) {}]}
        {amount:(turn|set|put|change|<raise>) [the] volume [<abit>] [(by|to|at) {}]}
        {amount:[the] volume (up|down) [(by|to) {}]}
        {amount:[the] volume (at|to) {}}
        {amount:[a bit|a little|much] (louder|quieter|softer) [a bit|a little]}
        {amount:volume [to|at] (\\d+|half|<number> [<number>]) [percent|%]}
        {amount:(turn|crank) [<volume>] all the way up}
        {amount:[it's|that's|this is|it is|that is] [much|way|a bit|far] too (loud|quiet|soft)}
        {amount:(play [it] (louder|quieter|softer)|a (bit|little) (louder|quieter|softer))}
        {amount:(mute|unmute) [<it>|the sound|the volume]}
        {amount:(full|max|maximum|half) volume}
        """,
    ),
    (
        Intent.SEEK,
        """
        {amount:<seek> [by|to] <number> [{}] <duration> [and a half] [{}]}
        {amount:(forward|back|ahead) <number> [{}] <duration>}
        {amount:(skip|jump|go|seek) to \\d+:\\d+[:\\d+]}
        {amount:(skip|jump|go|seek) to the <number> [<number>] <duration> mark}
        {amount:(skip|jump|go|seek) to <number> <duration> [and] <number> [<number>]}
        """,
    ),
    (
        Intent.DISLIKE,
        """
        [i] [really] (dislike|hate|don't like|do not like) <this>
        thumbs down
        (never|don't|don't ever) play <this> ever again
        (never|don't) play <this> [again|anymore|any more]
        [play] less (like|of) <this>
        """,
    ),
    (
        Intent.LIKE,
        """
        [i] [really] (like|love|favorite|favourite|adore) <this>
        thumbs up
        (mark|save|add|put) <this> (as|to|in) [a|my] (favorite|favourite|favorites|favourites)
        (heart|save) <this>
        (add|save|put) <this> (to|in) [my] library
        """,
    ),
    (
        Intent.WHAT_IS_THIS,
        """
        (what|who) (is|was) (this|playing|that|on|singing|the artist) [<song>] [called|by|now|on]
        (what's|who's|whats) (this|playing|that|on|singing) [<song>|album] [called|by|now|on]
        who's the (artist|singer|band)
        who is the (artist|singer|band)
        (tell me|do you know) (what|who) this is
        (what|which) (<song>|album|artist|band|music) is (this|playing|that|it|on) [on|now|from|by]
        (what is|what's|tell me) the (name|title) of (this|the|that) [<song>|album]
        name (this|that) <song>
        who (is|was) (singing|playing|rapping) [on] <this>
        who (sings|made|plays|wrote) (this|that|it) [<song>]
        what am i (listening to|hearing)
        """,
    ),
    (
        Intent.SLEEP_TIMER,
        """
        [set|start] [a|the|my] sleep timer (for|to|of) {amount}
        (stop|pause|turn off|switch off|go to sleep) [<it>] (in|after) {amount}
        {amount:(cancel|stop|turn off|delete) [the|my] sleep timer}
        [set|start] [a|the|my] sleep timer [{amount}]
        [set|start] (a|an|the|my) {amount} sleep timer
        (turn|switch|shut) [<it>] off (in|after) {amount}
        sleep (in|after) {amount}
        """,
    ),
    (
        Intent.LYRICS,
        """
        (show|display|open|see|let me see) [me] [the] (lyrics|words) [(of|to|for) <this>]
        [the] lyrics [please]
        what are the (lyrics|words) [of <this>|to <this>]
        what (is|are) (he|she|they) singing
        """,
    ),
    (
        Intent.SPATIAL_OFF,
        """
        <switch> off [the] <spatial>
        <switch> [the] <spatial> off
        <spatial> off
        <disable> [the] <spatial>
        (play|switch to) [it|this] [in] [plain] stereo
        """,
    ),
    (
        Intent.SPATIAL_ON,
        """
        <switch> on [the] <spatial>
        <switch> [the] <spatial> on
        <spatial> on
        <enable> [the] <spatial>
        (play|switch to) [it|this] [in] <spatial>
        """,
    ),
    (
        Intent.QUALITY,
        """
        (set|change|switch) [the] [audio|sound|streaming] quality to {amount}
        (play|switch) [it|this] (in|to) {amount:<quality>} [quality|resolution]
        {amount:(lossless|high|low|automatic)} quality
        {amount:(use less|save) data}
        """,
    ),
    (
        Intent.UNDO,
        """
        undo [that|it|this]
        (not that|that was wrong|take that back|go back to what was playing [before])
        """,
    ),
    (
        Intent.ADD_TO_PLAYLIST,
        """
        (add|put|save) <this> (to|on|in|into|onto) [my|the|a] playlist [called|named] {playlist}
        (add|put|save) <this> (to|on|in|into|onto) [my|the] {playlist} playlist
        (add|put|save) <this> (to|on|in|into|onto) [my] {playlist}
        add to [my|the] {playlist} playlist
        add to [my|the] [playlist] {playlist}
        """,
    ),
    (
        Intent.PLAY,
        """
        (move|transfer|send|switch) [<it>] (over to|to) {device}
        (continue|resume|move) [<here>] (on|in) {device}
        play <here> in {device}
        play [<it>] on {device}
        """,
    ),
)  # fmt: skip
COMMANDS: Final = tuple(
    (intent, line.strip())
    for intent, lines in _PHRASES
    for line in lines.split("\n")
    if line.strip()
)
