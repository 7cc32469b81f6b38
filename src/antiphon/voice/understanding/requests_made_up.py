"""Rules for requests of listeners, and for what they say that is none."""

from typing import Final

REQUESTS: Final = r"""
[play]
14x {before} {verb_play} {what} {more} {after}
3x {before} {verb_play} {what}
2x {verb_play} {what}
2x {wish} {what} {more} {after}
{what} {more} (please|)
{plain}
{verb_play} (me|us|) {what}, (please|)
{before} shuffle {set} {more} {after}
{wish} {what}
on {DEVICE}, {verb_play} {what}
{before} (use|turn on) {DEVICE} (and|to) {verb_play} {what}
{before} {verb_play} {what} (and not|but not|not|without) {EXCLUDED}
{before} {verb_play} {named} {but} {EXCLUDED} {after}
{before} {verb_play} {set} {but} {EXCLUDED} {after}
not {EXCLUDED}, {verb_play} {named}
{before} {verb_play} {bare} (on|in|from) {DEVICE}
{before} {verb_play} {bare}
{before} {verb_play} {bare} {after}
{verb_play} {bare}
{verb_play} {bare}

[plain]
some {GENRE}
(some|) {GENRE} (music|songs|tunes)
{GENRE}
{YEAR} {GENRE}
{MOOD} {GENRE}
{MOOD} (music|songs|tunes|vibes)
music for {MOOD=occasion}
something (like|similar to) {SIMILAR_TO}
{MUSIC=title} by {ARTIST}
the (song|track) {SONG=title}
the album {ALBUM=title}
(the new|the latest) (album|record|single) by {ARTIST}
{VERSION} version of {MUSIC=title}
songs by {ARTIST}
music (by|from) {ARTIST}
my {PLAYLIST} playlist

[what]
8x {named}
4x {set}
2x {sorted}
2x {similar}
2x {versioned}
3x {listed}
2x {mine}

[bare]
{MUSIC=any}
{MUSIC=any}
{MUSIC=artist}
{MUSIC=artist}
{MUSIC=title}

[named]
2x {MUSIC=any}
2x {MUSIC=title} by {ARTIST}
{MUSIC=title} (from|of) {ARTIST}
{MUSIC=title} by (the band|the artist|the group|the singer|the rapper) {ARTIST}
{ARTIST}'s {MUSIC=title}
(the |that |a |this |) {song} {SONG=title}
(the |that |) {song} (called|named|titled|entitled) {SONG=title}
(the |that |) {song} {SONG=title} by {ARTIST}
(the |that |) {song} (called|named|titled|) {SONG=title} (by|from) {ARTIST}
{SONG=title}, the {song} by {ARTIST}
the {ARTIST} {song} {SONG=title}
the {ARTIST} {song} (called|named) {SONG=title}
{ARTIST}'s {song} {SONG=title}
(that|the) {song} by {ARTIST} (called|named|titled) {SONG=title}
(that|the|a) {song} from {ARTIST} called {SONG=title}
the {song} {SONG=title} (from|off|off of|on) (the album|the record|) {ALBUM=title}
{SONG=title} (from|off|off of|on) (the album|the record|the lp|their album) {ALBUM=title}
{SONG=title} from {ALBUM=title} by {ARTIST}
{SONG=title} by {ARTIST} (from|off) (the album|) {ALBUM=title}
(the |) {album} {ALBUM=title}
(the |that |) {album} (called|named|titled|entitled) {ALBUM=title}
(the |) {album} {ALBUM=title} (by|from) {ARTIST}
(the whole|the entire|the full|the complete) {album} {ALBUM=title} (by {ARTIST}|)
(all of|all the songs on|every song on|the songs from|all tracks of) (the album|) {ALBUM=title} (by {ARTIST}|)
2x the {ARTIST} {album} {ALBUM=title}
{ARTIST}'s {album} {ALBUM=title}
{ARTIST} {album} {ALBUM=title}
(that|the) {album} by {ARTIST} (called|named|titled) {ALBUM=title}
{ALBUM=title}, the {album} by {ARTIST}
the {ALBUM=title} {album} (by {ARTIST}|)
the {SONG=title} {song} (by {ARTIST}|)
(something|anything|some music|some songs|some tracks|a song|a track|music|songs|tracks|tunes|stuff) (by|from) {ARTIST}
(something|anything|some songs) (by|from) (the band|the group|the artist|the singer|the composer) {ARTIST}
(some|more|all my|all|only|just|nothing but|any|lots of) {ARTIST}
(some|more) {ARTIST} (music|songs|tracks|tunes|stuff)
{ARTIST} (music|songs|tracks)
{ARTIST}'s (music|songs|work|tracks)
(the band|the artist|the group|the singer|the duo|artist|band|the composer|the rapper) {ARTIST}
(everything|all songs|all the music|all tracks|all albums|every song) (by|from) {ARTIST}
(an album|a record|one of the albums|one album) (by|from|of) {ARTIST}
(any|some|a random|a good|a nice|a great|another) (song|track|album|tune) (by|from) {ARTIST}
(more|something else|another one|another song|other songs) (by|from) {ARTIST}
{ARTIST} and {ARTIST}
{ARTIST} singing {SONG=title}
{ARTIST} performing {MUSIC=title}
{SONG=title} sung by {ARTIST}
{MUSIC=title} (performed|recorded|covered|played|as sung|composed) by {ARTIST}
{ARTIST} {MUSIC=title}
{ARTIST} radio
songs (where|in which) {ARTIST} (sings|plays|raps)
(songs|tracks) (featuring|feat|with) {ARTIST}
{MUSIC=title} (with|featuring) {ARTIST}

[song]
3x song
2x track
tune
single

[album]
4x album
record
lp
ep

[sorted]
(the|) {SORT=newest} {record} (by|from|of) {ARTIST}
the {SORT=newest} one (by|from) {ARTIST}
the {SORT=newest} (by|from) {ARTIST}
{ARTIST}'s {SORT=newest} {record}
(the|) {SORT=newest} {ARTIST} {record}
(the|some|) {SORT=newest} (music|songs|releases|tracks|stuff) (by|from|of) {ARTIST}
(something|anything) {SORT=newest} (by|from) {ARTIST}
(the|some|) {SORT=newest} {GENRE} (songs|music|releases|albums|tracks|)
(the|) {SORT=newest} (music|songs|releases|albums)
(the|) {SORT=best} (songs|tracks|music|work|of) (by|from|of) {ARTIST}
(the|) {SORT=best} of {ARTIST}
{ARTIST}'s {SORT=best} (songs|tracks|hits|)
(the|some|) {SORT=best} {GENRE} (songs|tracks|music|albums)
(the|) {SORT=best} (songs|hits|tracks|music|songs) (of|from) (the|) {YEAR}
the {SORT=best} {YEAR} {GENRE} (songs|hits|tracks|)
the {SORT=best} (song|track|album|record) (by|from) {ARTIST}
the {SORT=oldest} (song|album|record|recordings|work) (by|from|of) {ARTIST}
{ARTIST}'s {SORT=oldest} (album|record|song|single|work)
my {SORT=played} (songs|tracks|artist|album|music)
(the|) {SORT=played} (songs|tracks) (by|of) {ARTIST}
{ARTIST} {SORT=hits}
the {SORT=hits} (of|by|from) {ARTIST}
(some|the|) {SORT=hits} from (the|) {YEAR}
what's {SORT=newest} (by|from) {ARTIST}
(the|) {SORT=newest} playlist

[record]
3x album
2x song
2x single
record
release
track
ep
one

[newest]
2x new
2x latest
2x newest
most recent
brand new
last
recent
newly released

[oldest]
(first|oldest|earliest|debut|early|second|third)

[best]
2x best
(most popular|top|greatest|biggest|top ten|top 10|best known|most famous|most streamed|hottest)

[played]
(most played|most listened|top|recently played|recently added|last played|least played|most loved)

[hits]
(greatest hits|biggest hits|top hits|top songs|best songs|hits|essentials)

[similar]
(something|anything|music|songs|artists|bands|some music|a song|tracks|stuff|other artists|more) (like|similar to) {SIMILAR_TO=any}
(something|music|songs|stuff) (in the style of|along the lines of|that sounds like|that is like|resembling|in the vein of) {SIMILAR_TO=any}
(music|songs|bands|artists|something) (that sound|that sounds|which sound|which sounds) (like|similar to) {SIMILAR_TO=any}
more (like|music like|songs like|of the likes of) {SIMILAR_TO=any}
(a|the|) {SIMILAR_TO=any} (radio|station|radio station)
a (station|radio|mix|radio station) (based on|inspired by|for|of|from|around|seeded by) {SIMILAR_TO=any}
(radio|station) (based on|for) {SIMILAR_TO=any}
(something|music) (for fans of|fans of {SIMILAR_TO=any} would like and|close to) {SIMILAR_TO=any}
(similar|comparable) (songs|music|artists|stuff) to {SIMILAR_TO=any}
(songs|something) similar to {SIMILAR_TO=title} by {ARTIST}
(songs|something) like {SIMILAR_TO=title} by {ARTIST}

[versioned]
(the|a|an) {VERSION} version of {MUSIC=title}
(the|a|an) {VERSION} version of {MUSIC=title} by {ARTIST}
(the|a|an) {VERSION} (recording|cut|take|mix|edition) of {MUSIC=title} (by {ARTIST}|)
{MUSIC=title}, the {VERSION} (version|one|recording)
{MUSIC=title} by {ARTIST}, the {VERSION} (version|one|edit)
{MUSIC=title} {VERSION} (version|)
{MUSIC=title} by {ARTIST} {VERSION}
{MUSIC=title} ({VERSION}) by {ARTIST}
{MUSIC=title} ( {VERSION} )
{ARTIST}'s {VERSION} version of {MUSIC=title}
(the|) {VERSION} {MUSIC=title}
{ARTIST} {VERSION}
(the|) {VERSION} (album|song|track) {MUSIC=title}
(the|a) {VERSION} album (by|from) {ARTIST}
(something|music|songs) {VERSION} (by|from) {ARTIST}
{VERSION} (music|songs|recordings|tracks) (by|from|of) {ARTIST}
(the|) {VERSION} (version|edition|one) of (the album|the song) {MUSIC=title} (by {ARTIST}|)

[set]
4x (some|a bit of|a little|some good|good|more|nothing but|only|) {GENRE} (music|songs|tunes|tracks|hits|beats|)
2x (some|a bit of|) {MOOD} (music|songs|tunes|tracks|beats|vibes|sounds)
2x (something|anything) {MOOD}
2x (some|) {MOOD} {GENRE} (music|songs|tracks|)
2x (music|songs|something|tunes|some music|a playlist|beats) (for|to go with|suitable for|that is good for) {MOOD=occasion}
(music|songs|something) to {MOOD=act} to
(some|) {MOOD=occasion} (music|songs|tunes|mix)
(some|) {GENRE} for {MOOD=occasion}
(some|) {MOOD} (music|songs) for {MOOD=occasion}
2x (some|) {YEAR} (music|songs|hits|tunes|stuff|classics|)
2x (music|songs|hits|tunes|something|tracks|anything|the hits) (from|of|out of) (the|) {YEAR}
2x (some|) {YEAR} {GENRE} (music|songs|hits|tracks|)
2x (some|) {GENRE} (music|songs|hits|tracks|) (from|of|out of) (the|) {YEAR}
(some|) {MOOD} {YEAR} (music|songs|hits|tunes)
{ARTIST} (songs|music|hits|albums|) (from|of) (the|) {YEAR}
(songs|music|something|albums|anything) (by|from) {ARTIST} (from|of|in) (the|) {YEAR}
{YEAR} {ARTIST}
(the|) {YEAR} (album|record|song) (by|from) {ARTIST}
(something|songs) (released|recorded|made) in {YEAR}
{GENRE} (by|from) {ARTIST}
(some|) {GENRE} (radio|station)
a {GENRE} (song|track|album|playlist|station)
a {MOOD} (song|track|album|mix|playlist)
(something|anything) {GENRE}
{GENRE} and {GENRE}
music that is {MOOD}
music that makes me {MOOD}
{MOOD}, {MOOD} (music|songs)
{MOOD} and {MOOD} (music|songs)

[act]
(dance|study|work|sleep|cook|run|relax|drive|read|cry|code|clean|work out|fall asleep|chill|exercise|train|focus|wake up)

[listed]
(the|my|our|) {PLAYLIST} playlist
2x my {PLAYLIST} playlist
(the|my|a|our|) playlist (called|named|titled|) {PLAYLIST}
(songs|music|something|everything|tracks) (from|in|on|out of) (my|the|our) {PLAYLIST} playlist
(songs|something) from (the|my) playlist {PLAYLIST}
(my|the) list {PLAYLIST}
the playlist I (made|named|called) {PLAYLIST}
{PLAYLIST}, (the|my) playlist

[mine]
(my music|my songs|my library|all my music|some music|music|something|anything|some songs|songs|a song)
(my favourites|my favorites|my favourite songs|my liked songs|songs I like|songs I love|my favorite music)
(something good|something nice|anything you like|whatever you want|something I like|something from my library)
(something new|my collection|songs from my library|all my songs|random songs|a random song)

[EXCLUDED]
2x {version} (one|version|versions|ones|songs|recording|recordings|album|)
{artist}
{title}
{genre}
{version}
(covers|remixes|live versions|live recordings|christmas songs|remasters|karaoke versions|instrumentals|explicit songs|ballads)
{artist}

[but]
(but not|but no|without|except|except for|but not the|but without|just not|excluding|, but not the|, not the|only not|apart from|but skip|minus)

[VERSION]
{version}

[version]
3x live
2x acoustic
2x original
(remix|remixed|remastered|unplugged|instrumental|karaoke|demo|extended|studio|clean|explicit|radio edit|orchestral|cover)
(mono|stereo|deluxe|piano|a cappella|acapella|single|album|club|12 inch|slowed|sped up|uncensored|full|long|short|edited)

[DEVICE]
{room} (speaker|speakers|tv|stereo|homepod|sonos|soundbar|hi-fi|radio|display|) 
{owner} (phone|laptop|tablet|headphones|computer|speaker|room|tv|ipad|car|speakers)
(tv|stereo|soundbar|phone|laptop|speakers|headphones|computer|tablet|receiver|car|hi-fi|big speakers|bluetooth speaker)
{room}

[room]
(kitchen|living room|bedroom|bathroom|office|garage|garden|hall|dining room|study|basement|patio|kids room|den|guest room)
(nursery|attic|workshop|lounge|balcony|hallway|studio|upstairs|downstairs)

[owner]
({first}'s|{first}'s|jack's|mum's|dad's|the kids')

[verb_play]
14x play
3x put on
listen to
hear
start
start playing
throw on
spin
give me
find
find me
get me
queue
cue up
blast
turn on
let me hear
load
search for
look up
stream

[wish]
(I want|I'd like|I would like|I'd love|gimme|give me) (to hear|to listen to|)
(I feel like|I'm in the mood for|how about|time for|what about|I need|we want|can I have|could I get|let's have|let's hear|may we have)
(I want|I would like|I'd like|can you|could you|would you|i wanna) (you to|) (play|hear|put on|listen to)
(can|could|may) (I|we) (hear|listen to|have|get)
(let's|let us) (listen to|hear|play)
(do you have|have you got|is there) 
(I feel like|I'm in the mood for) (listening to|hearing|) 
(we are|I'm|i am) (in the mood for|ready for|looking for)

[before]
14x
3x please
(hey|ok|okay|hi|hello|yo) (antiphon|music|there|speaker|computer|you|),
(can|could|would|will) you (please|kindly|just|)
(can|could|would|will) you (please|kindly|just|)
(now|and now|next up|first|so|well|um|uh|alright|right|okay so|quick)
I (want|would like|need) you to
(go ahead and|go on and|just|quickly|kindly)
(it's {weekday} {daytime},|I'm bored,|dinner's ready,)
you (can|should|may) 

[more]
18x
3x on (the|my|our|) {DEVICE}
(in|through|over|from|to|via) (the|my|our) {DEVICE}
in the {DEVICE=room}
(shuffled|on shuffle|in random order|on repeat|in order|from the start|from the beginning|at random)
(but|) (not|without) {EXCLUDED}
{but} {EXCLUDED}

[after]
14x
3x please
(now|right now|for me|for us|thanks|thank you|if you can|will you|again|tonight|today|loud|quietly|would you|if possible)
(for me please|, please|, thanks|, will you|at once|immediately|straight away)

[queue-next]
4x {before} (play|put) {thing} next {after}
3x {before} play {thing} (after this|after this one|after this song|after that|when this is over|when this ends|afterwards)
{before} (queue|add|put|line up|cue) {thing} (next|up next|to play next|right after this|as the next song|after this)
{before} (make|let) {thing} (the next song|the next one|play next|be next|come next)
(next|up next|after this), (play|) {thing}
{before} (queue|put|add) {thing} (at the|to the|at) (front|top|head) (of the queue|of my queue|)
{before} next (play|put on) {thing}
{before} follow this (with|by) {thing}
I want (to hear|) {thing} next
then play {thing}

[queue-last]
4x {before} queue (up|) {thing} {after}
3x {before} (add|put|append|place|throw) {thing} (to|in|on|into) (the|my|our) (queue|up next|play queue|up next list|line) {after}
{before} (queue|enqueue|line up) {thing} (for later|later|at the end|last|as well|too|)
{before} (add|put) {thing} (to|at) the end (of the queue|of my queue|of the list|)
{before} play {thing} (later|at the end|last|after everything else|at the end of the queue)
{before} (add|put) {thing} (to|on) (what's playing|the current queue|what is coming)

[thing]
8x {named}
{versioned}
{sorted}
{set}
{listed}
{similar}
(this|this song|that song|this album|this one)
4x {bare}

[add-to-playlist]
6x {before} {add} {item} {to} {target} {after}
2x {before} {add} {item} {to} {target}
{before} {add} {target_of}
(I want|I'd like|I would like) {item} (in|on|added to) {target}
{before} {add} {to} {target} {item}
{target_needs}
(can|could) you {add} {item} {to} {target}
(make|let) {item} (part of|go in) {target}
{before} (update|expand) {target} (with|by adding) {item}
{before} {target} (should have|needs|could use) {item}
(this|this song|that one) (belongs|goes) (in|on|to|into) {target}

[add]
5x add
2x put
save
include
insert
throw
stick
append
drop
move

[to]
5x to
2x in
2x on
into
onto
on to

[target]
4x my {PLAYLIST} playlist
2x the {PLAYLIST} playlist
2x my {PLAYLIST}
the {PLAYLIST}
{PLAYLIST}
2x (my|the|a|our) playlist (called|named|titled|) {PLAYLIST}
(our|{first}'s|that) {PLAYLIST} playlist
(my|the) {PLAYLIST} list
(a|my) new playlist (called|named) {PLAYLIST}
playlist {PLAYLIST}

[target_of]
this
(this|this song|that) {to} {target}
(it|this one|the current song|what's playing|this track|this album|the song that is playing) {to} {target}

[target_needs]
{target} needs (this|more {ARTIST}|{item})

[item]
4x {named}
2x {bare}
{versioned}
4x (this|this song|this track|this one|it|that|that song|the current song|this album|the current track|this tune|what's playing)
(another|one more|a) (song|track|tune)
(this|another|the) (song|track|album|tune|one) by {ARTIST}

[none]
3x {polite} {chore} {after_none}
4x {question}
2x {smalltalk}
2x {order}
2x {injection}
2x {rambling}
{not_music}
{not_music}
{halting}
{place}
{number} {noun}
{noun} {verb} {noun} {adjective}
{adjective} {noun} {verb} {place} {number}
{word} {word} {word}
{word}
{word} {word} {word} {word} {word}
(hey|ok|okay|hi|hello) (antiphon|)
{halted}

[halted]
(play|put on|add|queue|hear|find|the|by|please|um|uh|and|song|hello|next|my playlist)

[word]
({noun}|{verb}|{adjective}|{nouns}|{digraph}{letter}|{number}|{place}|of|the|if|while|because|please|very|quickly)

[polite]
4x
(please|can you|could you|would you|hey antiphon|ok|I want you to|I need to|I'd like to|will you|let's|remember to)

[after_none]
3x
(please|now|tomorrow|tonight|for me|at {hour}|in {place}|thanks|on {weekday}|this {daytime}|right away)

[hour]
(1|2|3|4|5|6|7|8|9|10|11|12|noon|midnight|half past six|eight thirty|6:45) (am|pm|o'clock|)

[chore]
set (an alarm|a timer|a reminder|the alarm|my alarm) (for|to) ({number} minutes|{hour}|tomorrow morning|an hour)
(wake me up|wake me) (at|by) {hour}
remind me to (call|email|pay|buy|feed|visit|text) (the {noun}|{first}|mum|my {noun}|the bills)
(call|text|email|message|ring|phone) ({first} {last}|{first}|mum|my boss|the doctor|the office)
(send|write) (a message|an email|a text|a letter|a postcard) to {first} (saying I'm late|about the {noun}|)
turn (on|off|up|down) the (lights|light|heating|thermostat|fan|oven|coffee machine|air conditioning|kettle|lamp|heater)
(switch|turn) the (lights|lamp|tv|heating|fan|oven) (on|off) in the {room}
(dim|brighten) the lights (in the {room}|)
(add|put) (milk|eggs|bread|{nouns}|butter|toilet paper|apples) (to|on) (my|the) (shopping|grocery|to do|todo) list
(add|put) (a meeting|an appointment|dinner with {first}|a note|an event) (to|in|on) my (calendar|diary|notes|schedule)
book (a table|a restaurant|a flight|a hotel|a taxi|a room|tickets) (for {number} people|to {place}|in {place}|at {hour}|for me and {first})
(order|buy|get) (a pizza|some food|sushi|groceries|more {nouns}|a {noun}|a cab|tickets to {place})
(find|show me|look for) (a restaurant|a {noun} shop|the nearest pharmacy|directions to {place}|cheap flights|a recipe for {noun})
(navigate|drive|take me|get directions) to ({place}|the airport|{first}'s house|work|the station)
(translate|say|spell) {noun} (in|into|to) (french|german|spanish|japanese|english)
(read|show) (me|) (the news|my messages|my email|the headlines|my calendar|a story|the rest of the article|a book)
(rate|give) (this book|the book|this novel|{title}|the current textbook|this essay) ({number} stars|{number} out of {number}|a {number})
(play|start|watch|put on|find|show me) (the|a|that|) (movie|film|game of chess|video game|tv show|quiz|show|video|trivia game|tv series|documentary|trailer)
(play|start|watch) (the movie|the film|the tv show|the series|the video game|the game|the audiobook|the documentary) {title}
(open|close|lock|unlock) the (door|window|garage|gate|curtains|blinds|app|calculator|{noun})
(start|run|stop|empty) the (vacuum|dishwasher|washing machine|dryer|robot|car|engine|backup|{noun})
(take|make) (a photo|a picture|a note|a screenshot|a list|coffee|dinner|a reservation)
(delete|remove|cancel|snooze|clear) (my alarm|the alarm|all reminders|the appointment|my {number} o'clock meeting|the order|the event)
(create|make|start) (a new list|a spreadsheet|a document|a reminder|a group chat|a shopping list)
(calculate|what is|compute) {number} (times|plus|minus|divided by) {number}
(feed|walk|wash|fix|paint|sell|clean) the {noun}
(schedule|plan|move|postpone) (a meeting|the meeting|my appointment) (with {first}|to {weekday}|for {hour}|)
(turn|put) the (heat|volume of the tv|temperature) (up|down) (by {number} degrees|to {number}|)
see (movie times|a movie|{title}) (at the {noun} cinema|in {place}|for {weekday}|near me)
find (movie times|the schedule|films|showtimes) (for {title}|near me|at {hour}|in the neighbourhood|at the cinema)

[question]
(what's|what is|how's|how is) the (weather|temperature|forecast|traffic|time|date|score|news|humidity|stock price) (like|) (today|tomorrow|in {place}|now|outside|this {weekday}|) 
(will|is) it (rain|snow|be sunny|raining|going to rain|cold|hot|windy) (today|tomorrow|in {place}|on {weekday}|outside|)
(do I need|should I take) (an umbrella|a coat|a jacket|sunscreen) (today|tomorrow|in {place}|)
(who|what|where|when|why|how) (is|was|are|did|does|were|do) (the {noun}|{place}|the president|{first} {last}|my {noun}|a {noun}|people {verb}|you {verb})
how (many|much) ({nouns}|people|calories|money|time|it costs) (are|is|in|does|do) (a {noun}|there in {place}|you have|it take)
how (do|can|should) (I|you|we) (cook|fix|get to|{verb}|make|clean|change) (a {noun}|{place}|the {noun}|it)
how (far|long|old|tall|big|high|deep) is (the {noun}|{place}|{first} {last}|it to {place})
what (day|time|year) is it (in {place}|today|tomorrow|)
(who|which team) won the (game|match|election|world cup|race) (last night|in {number}|yesterday|)
what's on (tv|my calendar|my list|the news) (tonight|today|on {weekday}|)
(where|when) is (the next|the nearest|my) (bus|train|{noun}|flight|meeting|dentist|supermarket)
(do you|can you|are you|will you) (know|a robot|{verb}|sleep|dream|like|married|human|smart|hear me|understand me|swim)
(what|who) are you
(tell me|do you know) (a joke|about {place}|the time|something funny|a story|a fact|who {first} {last} is|about yourself|the news)
what (does|do) ({noun}|{nouns}) (mean|eat|cost|look like)
is ({place}|the {noun}|{first}) (open|far|near|big|at home|expensive|asleep|busy) (today|now|)
when does the (shop|{noun}|museum|bank|film|train to {place}) (open|close|start|leave|arrive)

[smalltalk]
(hello|hi|hey|good morning|good night|bye|goodbye|thank you|thanks|how are you|what's up|nice|cool|wow|ok|okay|yes|no|maybe|sorry|never mind)
(I'm|I am|he is|she is|we are|they are) (tired|hungry|happy|late|at home|bored|cold|sick|busy|in {place}|leaving|fine)
I (love|hate|like|miss|forgot|need|lost|broke|bought|saw) (you|my {noun}|the {noun}|{place}|{first}|a {noun}|it)
(my|the|his|her|our) {noun} (is|was) (broken|{adjective}|gone|late|empty|in {place}|on the table|very {adjective})
(the|a) {noun} (is|was|and the {noun} are) ({adjective}|in the {noun}|on the {noun})
(that|this|it) (is|was) (great|terrible|funny|wrong|not what I meant|enough|{adjective}|my {noun})
(mum|dad|{first}), (dinner is ready|where are you|come here|pick up the phone|can you hear me)
(I think|I guess|maybe|perhaps|you know) (we should|I will|they|he might) {verb} (the {noun}|tomorrow|later|{first}|it)
(yesterday|today|tomorrow|last week) (I|we|they|{first}) (went|go|will go|drove|walked) to (the {noun}|{place}|work|school)

[order]
(stop|pause|wait|cancel|shut up|be quiet|mute|unmute|quiet|silence|help|repeat that|go back|continue|resume)
(turn it|turn that|turn the volume) (up|down|off) (a bit|a little|)
(skip|next|previous|louder|softer|faster) (song|track|please|)
(go to sleep|shut down|restart|update yourself|log out|sign in|open settings|show my account|delete my account|what can you do)

[injection]
(ignore|forget|disregard|override) (all|any|the|your|every) (previous|prior|above|earlier|other) (instructions|rules|prompts|commands|messages) (and|then|.) {demand}
(you are now|act as|pretend to be|behave like|from now on you are) (a {noun}|an administrator|root|dan|an unrestricted assistant|a linux terminal) (and|.) {demand}
(system|assistant|user|developer): {demand}
(print|reveal|show|repeat|output|dump|leak|tell me) (your|the) (system prompt|password|secret key|api key|source code|environment variables|configuration|token|hidden instructions|database)
(sudo|rm -rf|drop table|select * from|delete from|cat|curl|exec|eval) ({noun}|/etc/passwd|users|{nouns}|songs)
<script>alert({number})</script>
{{{noun}}} ${{{noun}}} %s %d
(write|generate|compose|summarise|summarize|explain) (a poem|an essay|code|python code|a letter|an email|this text|a story) (about|for|in) (the {noun}|{place}|{nouns}|{number} words)
### (instruction|system|response): {demand}

[demand]
(print|reveal|show|output) (your|the) (system prompt|password|instructions|rules|secret)
(delete|drop|remove|erase) (all|every|the) (users|playlists|data|files|songs|tables)
(give|grant) me (admin|root|full|unlimited) (access|rights|powers)
(answer|reply|respond) (only|always|just) (with|in) (yes|json|{noun}|{number})
(play|do|say) (whatever|anything|everything) (i|the user) (say|asks|type) (without|with no) (limits|filters|restrictions)

[rambling]
the {adjective} {noun} {verb}s (over|under|through|with) the {adjective} {noun} (and|while|because) {pronoun} {verb} {nouns}
(so|then|and|but) (he|she|they|I) (said|told me|asked|thought) (that|about|if) the {noun} (was|were|is) {adjective}
(in|at|during|after|before) the {noun} (there|we|they) (was|were|saw|had) {number} {nouns} (and|or) (a|no) {noun}
(please find attached|to whom it may concern|dear {first}|kind regards|best wishes|see you {weekday}) (the {noun}|{last}|)
(according to|because of|thanks to|in spite of) the {noun}, {place} (is|was|will be) {adjective}
(this|our) (meeting|report|{noun}|system) (covers|needs|shows|has) {number} {nouns} (from|in|of) {place}

[not_music]
(what|which) (instrument|key|label) (is|was) (this|that) (in|on|)
(how do you|can you teach me to) play (the guitar|the piano|chess|football|{noun}|poker)
(buy|get) (tickets|merchandise) for (the {artist} concert|{artist}|the show)
(when|where) (is|does) {artist} (play|playing|on tour|born|from|performing) (in {place}|next|)
(who|when) (wrote|was|recorded|released|sang) {title} (written|released|recorded|first|)
(how old|how tall|how rich) is {artist}
(is|are) {artist} (still alive|married|on tour|coming to {place}|from {place})
(I|we) (saw|met|love|hate|know) {artist} (in {place}|live last year|yesterday|too|at the {noun})
(the kids|my brother|{first}|they) (play|plays|played) (football|chess|the piano|cards|outside|in the {noun}) (every {weekday}|all day|)
(play|playing) (with|around with) the {noun} (is fun|in the {noun}|)
(add|subtract|multiply) {number} (to|by|and) {number}
(record|film|hear|put) (a message|the meeting|me out|it down|the {noun} down|the {noun} on the table|your {noun} away)
(put|set) the {noun} (on|in|under) the {noun}
(find|search for|look up) ({noun} prices|the book {title}|the novel {title}|a {noun} near {place}|my {noun}|my phone|photos of {place}|the saga {title})

[halting]
(play|put on|add) (dead|nice|by the rules|the lottery|along|fair|house|it by ear|tricks on me|tag|the fool)
(start|stop) (the car|the {noun}|working|over|{verb}ing|talking|a fire|a {noun})
(listen|hear) (to me|carefully|me|what I say|up)
"""
