"""Rules for names that nobody bears, of all the shapes that real ones have."""

from typing import Final

NAMES: Final = r"""
[artist]
4x {first} {last}
2x {first} {last}
2x the {nouns}
the {adjective} {nouns}
{adjective} {noun}
{adjective} {nouns}
{noun}
{nouns}
{syllables}
{syllables} {syllables}
{syllables} {noun}
{first}
{last}
{first} and the {nouns}
{first} {last} and the {nouns}
{first} & {first}
{noun} and {noun}
{noun} {number}
{noun}-{number}
{letter}.{letter}.{letter}.
{letter}{letter}/{letter}{letter}
dj {first}
lil {noun}
mc {syllables}
{first} {letter}
{letter}{syllables}$
{place}
{place} {nouns}
{last}, {last} and {last}
{first} {last} trio
{first} {last} quartet
{place} philharmonic orchestra
the {place} {nouns}
{nouns} of {place}
{nouns} of the {noun}
queen {first}
{verb} the {noun}
{number} {nouns}
{digraph} {digraph}
{foreign} {foreign}
{foreign}
st. {first}
{noun} in the {noun}
{adjective} by {noun}
they {verb} {nouns}
{syllables} feat. {first} {last}

[title]
2x {noun}
2x {adjective} {noun}
the {noun}
the {adjective} {noun}
{noun} of {noun}
{noun} of the {noun}
{noun} and {noun}
{verb} me
{verb} the {noun}
{verb} my {noun}
{verb} by {pronoun}
{verb} with {pronoun}
{verb} like {noun}
don't {verb}
don't {verb} {pronoun}
i {verb} you
i want to {verb}
i can't {verb} {pronoun}
we {verb} (again|tonight|together|forever)
you {verb} {pronoun}
(back|down|home|close|next|over|up) to {pronoun}
(back|out|down) in {place}
{noun} in the {noun}
{noun} on the {noun}
{noun} to {noun}
(under|over|on|by|into|beyond) the {noun}
{place}
{place} {noun}
{noun} from {place}
{number}
{number} {nouns}
{number} {noun}
{noun} {number}
{first}
{first}'s {noun}
hey {first}
(oh|hey|ooh) {noun}
{adjective}
{syllables}
{foreign}
{foreign} {foreign}
{foreign} {foreign} {foreign}
{noun} {noun}
{verb}
{verb} {verb}
(what|how|why|when|where) (is|are|do|was) {pronoun} {verb}
(what|when|if|where) {pronoun} {verb}
all {nouns} {verb}
all the {adjective} {nouns}
(one|another|every|some|no) {noun}
(no|more|less|too many|some) {nouns}
{noun} (pt.|part|vol.) {number}
{letter}.{letter}.{letter}.
(good|bad|better|best|last|new|next|first) {noun}
something {adjective}
(live|play|listen|repeat|music|radio|song|shuffle) {noun}
{noun} (song|music|radio|album|mix)
{verb} on the {noun}
{verb} it (up|down|out|off)
this is {noun}
my {noun}
your {noun} {verb}
{noun}, {noun}
{noun}!
({noun}) {noun}

[similar_to]
{artist}
{artist}
{title}

[any]
{artist}
{title}

[playlist]
3x {occasion}
{occasion} {mix}
{adjective} {mix}
{genre} {mix}
{noun}
{adjective} {noun}
{noun} {mix}
{decade} {mix}
{decade} {genre}
{place} {mix}
{first}
{first}'s {mix}
{weekday} {daytime}
{weekday} {mix}
{daytime} {mix}
{season}
{season} {number}
{genre}
{genre} for {occasion}
{occasion} {season}
{number} {nouns}
all out {decade}
this is {first} {last}
top {number}
{mood} {mix}
{verb} {noun}
road trip
date night

[mix]
(mix|vibes|tunes|jams|bangers|hits|favourites|favorites|classics|anthems|beats|grooves|songs|essentials|gems|throwbacks)

[first]
(anna|ben|carla|dario|elena|felix|greta|hugo|ines|jonas|kira|leo|mara|nico|olga|pablo|quinn|rosa|sami|tara)
(ulla|viktor|wanda|xavier|yara|zeno|alma|boris|cleo|dino|ezra|freya|gus|hana|ivo|june|kurt|lola|milo|nina)
(oscar|petra|ralph|selma|tomas|una|vera|walt|yusuf|zara|björn|chloé|józef|maría|françois|noël|søren|ana|jack|ella)
(mary|james|robert|patricia|john|linda|michael|susan|david|sarah|charles|karen|paul|george|ray|billy|joe|tom|amy|kate)

[last]
(abara|brandt|castillo|duarte|eklund|farrow|garnet|holloway|ibarra|jansen|kowal|lindqvist|moreau|novak|okafor)
(prentice|quill|rivers|stone|thorne|umeda|vance|whitlock|ximenez|yates|zeller|ashby|blackwood|cole|drummond)
(ellery|finch|grant|hale|ivers|joyce|keane|lowell|marsh|north|orlov|pike|reyes|sharpe|tate|underhill|west|young)
(o'dell|mcrae|d'amico|de souza|van doorn|st. clair|garcía|müller|nuñez|smith|jones|brown|wilson|king|bell|green)

[noun]
(river|mountain|fire|rain|night|moon|sun|star|heart|ghost|wolf|garden|mirror|window|ocean|paper|silver|gold|thunder)
(winter|summer|shadow|machine|engine|city|road|train|radio|dream|ship|whale|tiger|bird|rose|thorn|glass|stone|bone)
(honey|sugar|salt|velvet|diamond|arrow|hammer|candle|lantern|letter|station|harbour|island|desert|storm|cloud|echo)
(kingdom|circus|carnival|cathedral|temple|house|door|bridge|tower|clock|number|picture|camera|feather|crow|raven)
(blood|skin|eye|hand|soul|mind|body|love|time|life|world|day|morning|midnight|space|planet|comet|satellite|signal)
(monkey|spider|snake|dog|cat|horse|lion|bear|fox|peach|cherry|lemon|apple|coffee|whiskey|wine|smoke|ash|dust|sand)
(people|baby|girl|boy|man|woman|lady|king|queen|child|mother|father|brother|sister|friend|lover|stranger|angel|devil)

[nouns]
(rivers|mountains|fires|nights|moons|stars|hearts|ghosts|wolves|gardens|mirrors|windows|oceans|shadows|machines)
(engines|cities|roads|trains|radios|dreams|ships|whales|tigers|birds|roses|thorns|stones|bones|diamonds|arrows)
(hammers|candles|lanterns|letters|stations|islands|storms|clouds|echoes|kings|queens|monkeys|spiders|snakes|dogs)
(doors|bridges|clocks|pictures|crows|ravens|hands|souls|strokes|keys|beetles|eagles|pilots|killers|monsters|dragons)

[adjective]
(red|blue|black|white|golden|silver|electric|broken|burning|frozen|hollow|silent|wild|lonely|endless|hidden|secret)
(crooked|distant|sweet|bitter|cruel|crazy|little|big|small|old|young|dark|bright|heavy|slow|fast|deep|high|low|cold)
(hot|holy|velvet|crystal|neon|plastic|modern|ancient|beautiful|dirty|happy|strange|perfect|purple|green|yellow|grey)

[verb]
(run|fall|fly|dance|sing|cry|burn|drown|dream|sleep|wake|shine|shake|move|stay|leave|follow|remember|forget|believe)
(love|hold|break|kiss|miss|need|want|know|feel|rise|ride|roll|stand|walk|wait|breathe|live|die|fight|surrender|play)

[pronoun]
(me|you|him|her|us|them|it|myself|yourself)

[place]
(lisbon|oslo|havana|nairobi|kyoto|memphis|berlin|paris|london|texas|alabama|georgia|california|chicago|tokyo|africa)
(brooklyn|vienna|dublin|naples|cairo|arizona|montana|kansas|brazil|jamaica|seattle|detroit|manchester|bristol|iceland)

[number]
(1|2|3|4|5|6|7|8|9|10|11|13|17|18|21|22|25|30|40|41|50|75|99|100|182|311|365|500|505|666|808|1000|1975|1989|1999|2112)
(one|two|three|four|five|seven|ten|twenty two|ninety nine|a thousand|a million|iv|ii|iii)

[letter]
(a|b|c|d|e|f|g|h|i|j|k|l|m|n|o|p|r|s|t|u|v|w|x|y|z)

[digraph]
(ba|be|bo|da|do|fa|fu|ga|go|ka|ki|la|lo|ma|mi|mo|na|ni|no|pa|ra|ro|sa|so|ta|to|va|wa|ya|yo|za|zu)

[syllables]
{digraph}{digraph}
{digraph}{digraph}{digraph}
{digraph}{digraph}{letter}
{letter}{digraph}{letter}
{digraph}{letter}{digraph}s
{digraph}{digraph}mau{number}
{letter}!{letter}k

[foreign]
(corazón|noche|amor|fuego|vida|luna|despacio|bailando|calle|cielo|mañana|querida|sombra|siempre|contigo)
(nuit|jour|vie|rêve|cœur|rouge|bleu|chanson|toujours|soleil|étoile|liebe|nacht|herz|würger|straße|leben|zeit|luftballons)
(ljós|hafið|água|saudade|coração|ночь|звезда|кино|любовь|кукушка|東京|夜|桜|愛|사랑|봄날|밤|حب|ليل|אהבה|νύχτα|θάλασσα)
{digraph}{digraph}o
{digraph}{digraph}a

[genre]
(jazz|rock|pop|blues|soul|funk|disco|house|techno|trance|ambient|metal|punk|folk|country|reggae|ska|dub|dubstep|salsa)
(hip hop|hip-hop|rap|trap|drill|grime|r&b|rnb|k-pop|kpop|j-pop|indie|indie rock|indie pop|alternative|alt rock|grunge)
(classical|opera|baroque|romantic piano|piano|bossa nova|samba|flamenco|fado|tango|afrobeat|afrobeats|highlife|cumbia)
(drum and bass|drum & bass|jungle|edm|electronic|electronica|synthwave|synth pop|new wave|post punk|shoegaze|lo-fi|lofi)
(death metal|heavy metal|black metal|thrash|hard rock|classic rock|soft rock|prog rock|psychedelic rock|bluegrass|gospel)
(acoustic|singer songwriter|americana|swing|big band|bebop|motown|neo soul|latin|reggaeton|bachata|celtic|world|new age)
(deep house|tech house|garage|hardcore|emo|pop punk|easy listening|dance|chamber music|film scores|soundtracks)

[mood]
(happy|sad|calm|relaxing|chill|mellow|upbeat|energetic|romantic|dreamy|dark|angry|melancholic|peaceful|soothing|quiet)
(uplifting|cheerful|moody|sexy|funky|groovy|intense|epic|nostalgic|soft|slow|fast|loud|feel good|feel-good|laid back)
(chilled|cosy|cozy|spooky|motivational|inspiring|gentle|aggressive|hopeful|sleepy|fun|smooth|depressing|hypnotic|summery)

[occasion]
(studying|sleeping|working|running|reading|cooking|driving|dancing|yoga|meditation|dinner|a party|parties|the gym|gym)
(workout|working out|study|sleep|focus|focusing|concentration|a road trip|bedtime|breakfast|a wedding|christmas|halloween)
(party|chill|dinner party|coding|cleaning|the beach|a rainy day|sunday morning|falling asleep|waking up|a date|commuting)
(barbecue|housework|relaxing|a long drive|homework|lifting|cycling|background|crying|kids|babies|the shower|a workout)

[decade]
(50s|60s|70s|80s|90s|2000s|2010s|60's|70's|80's|90's|sixties|seventies|eighties|nineties|noughties|1960s|1970s|1980s|1990s)

[year]
3x {decade}
{decade}
(1959|1965|1967|1969|1971|1973|1977|1980|1982|1984|1987|1989|1991|1994|1995|1997|1999|2001|2003|2007|2010|2012|2014)
(2016|2018|2019|2020|2021|2022|2023|2024|2025|2026)

[weekday]
(monday|tuesday|wednesday|thursday|friday|saturday|sunday)

[daytime]
(morning|afternoon|evening|night)

[season]
(spring|summer|autumn|winter|fall|summer nights|christmas)
"""
