//! Words that stand in any text: articles, pronouns, auxiliaries, the connectives of an argument and the keywords of
//! programming languages; and words that say something, but not of what.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::words::stem_hash;

/// English, German, and code, in lower case.
const WORDS: &str = "
    aber about above after again against all alle allein allem allen aller alles almost alone along already als
    also although always am among an and andere anderem anderen anderer anderes another any anyone anything are
    around as ask async at auch auf aus außerdem await away back be became because become been before began behind
    bei beide beiden beim being below bereits best better between bevor bin bis bisher bleibt bool boolean both
    brauchen braucht break but by call came can cannot case certain change class clear clearly clone come comes
    consider const continue could da dabei dadurch dafür dagegen daher dahin damit danach dann daran darauf daraus
    darf darin darum darüber das dass davon dazu def default dein dem den denn der deren derselbe des deshalb
    dessen did die dies diese dieselbe diesem diesen dieser dieses different do doch does doing don done dort down
    du durch durfte during dürfen each ebenso eher eigentlich ein eine einem einen einer eines einfach einige
    einigen einmal either elif else end enough enum er err erst ersten es etwa etwas euch euer even ever every
    everything example except export extends false far fast few finally find first fn follow following follows for
    found from fun func function further für ganz ganze ganzen gar gave gegen geht genau genug gerade get gets
    gewesen gibt gilt ging give given gives gleich go goes going good got habe haben had has hat hatte hatten have
    having he hence her here hier him himself hin hinter his how however i32 ich if ihm ihn ihnen ihr ihre ihrem
    ihren ihrer im immer impl import in indeed indem ins instead int interface into is ist it iter its itself ja
    jede jedem jeden jeder jedes jedoch jene jetzt just kam kann kaum keep kein keine keinem keinen keiner kept
    kind klar knew know known kommen kommt konnte konnten können könnte lange large lassen last later least left
    len less let liegt like likely little long look looks lässt machen macht made main make makes making man
    manche many map match may maybe me mean means mehr mein meist meisten mich might mir mit mod module more most
    mostly much muss musste must mut my myself müssen nach nachdem near nearly need needed needs nein never new
    next nicht nichts nie nil no noch none nor not note nothing now null nun nur nämlich ob oben oder of off oft
    often ohne ok old on once one ones only option or order other others otherwise our out over own paar package
    part people perhaps place point possible private probably protected pub public put quite rather really reason
    result return right said same saw say says schon second see seem seems seen sehr seien sein seine seinem
    seinen seiner seit selbst self several shall she should show shows sich sie sieht simple simply since sind
    small so sobald sofern sogar solange solche solchen soll sollen sollte sollten some someone something sonst
    soon sort soviel sowie später static statt stehen steht step still str string struct such super sure switch
    take taken takes tell than that the their them themselves then there therefore these they thing things think
    third this those though three through throw thus time times to together too took toward trait trotz trotzdem
    true try turn turns two type typedef u32 u64 um und under unless uns unser unsere unter until unwrap up upon
    us use used uses using usize usually var vec very viel viele vielen vielleicht void vom von vor vorher wann
    want war waren warum was way ways we weder weg wegen weil weiter welche welchem welchen welcher well wenig
    weniger wenn went wer werde werden were what when where whether which while who whole whom whose why wie
    wieder will wir wird wirklich with within without wo wobei wohl wollen worden words work would wurde wurden
    während wäre wären würde würden yes yet you your zu zudem zuerst zum zur zwar zwei zwischen über überhaupt
    übrig";

/// Characters that glue Chinese and Japanese sentences together; a pair with one of them says little.
const CHARACTERS: &str = "いうえおかがくけさしすただちってでとなにのはまもらるれを一上下不与且个中为么之也了于些什从他以们会但你使來個們候其再则到前即去又及只可各后向吗吧呢和啊因在地她如它对将對就并当很後得從我或所把时是時更最\
    會有来果样此每比沒没為然由的着种給给而能與若虽被要說讓让该说起跟较过还这這過還那都里";

/// Numbers, measures, and what is done and said in any line of thought, by their stems. Two texts that have these in common
/// need not be about the same.
const OF_ANY_TOPIC: &str = "
    two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty sixty seventy
    eighty ninety hundred thousand million half third quarter fifth double twice once percent share part number
    amount sum total count figure average second minute hour day week month year today night morning evening
    season moment metre centimetre kilometre gram kilo litre degree euro dollar cost price money pay expensive
    cheap size length height width big great full empty short high low fast slow quick early late open close begin
    stop end start finish continue bring build built carry cause cut depend decide decision differ explain fail
    happen hold leave lose lost matter measure move pass propose reach remain remove repair replace require result
    rise run send set stay suffice suggest test trial try wait watch win write answer argument ask estimate guess
    hypothesis idea method plan problem question reason report state story doubt sure true false wrong correct
    exact inside outside front side top bottom whole single several additional available usual present current
    former actual real possible impossible necessary useful good better best bad worse eins zwei drei vier fünf
    sechs sieben acht neun zehn elf zwölf zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig hundert
    tausend million hälfte drittel viertel fünftel prozent anteil zahl anzahl menge summe sekunde minute stunde
    tag woche monat jahr heute nacht morgen abend meter zentimeter kilometer gramm liter grad kosten preis geld
    teuer billig größe länge höhe breite groß klein voll leer kurz hoch niedrig schnell langsam früh spät offen
    beginnen enden starten bringen brauchen entstehen ergeben erreichen erklären fehlen führen gehören gelten
    halten hängen helfen kommen laufen legen liegen messen nehmen nennen nutzen rechnen reichen sagen schließen
    setzen sparen sprechen stehen steigen stellen suchen tragen verlieren versuchen vorschlagen warten wirken
    zeigen ziehen frage grund idee antwort problem ergebnis vorschlag plan rat schätzung versuch stück seite teil
    art weise fall richtig falsch möglich nötig wichtig einzeln verschieden ungefähr automatisch wirklich eigen
    nächst letzt best besser name value values text data entry entries item items key keys list line lines count
    max min len size total start end add get set put push pop insert remove open close read write lock hold drop
    copy clone find next last first default derive debug eq partial ord error failed failure kind state config
    input output bytes string vec arc box option some none ok err std core sync fmt display result error expected
    duration instant instance usize u64 u32 f64 serialize deserialize serde unwrap expect into from iter map
    filter collect self crate super ref mut";

static STOP_WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| WORDS.split_whitespace().collect());
static STOP_CHARACTERS: LazyLock<HashSet<char>> = LazyLock::new(|| CHARACTERS.chars().collect());
static STEMS_OF_ANY_TOPIC: LazyLock<HashSet<u32>> =
    LazyLock::new(|| OF_ANY_TOPIC.split_whitespace().map(stem_hash).collect());

/// In lower case.
pub fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.contains(word)
}

pub fn is_stop_character(character: char) -> bool {
    STOP_CHARACTERS.contains(&character)
}

/// By the hash of its stem.
pub fn is_of_any_topic(stem: u32) -> bool {
    STEMS_OF_ANY_TOPIC.contains(&stem)
}
