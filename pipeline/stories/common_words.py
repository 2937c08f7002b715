"""Everyday words: function words that tell no event from another, how many reports hold the common words of news, names of weekdays.

Data and nothing else. The shares were counted over 1,400 news texts in English, German, Polish, Greek and Russian that are no part of the
sets on which stories are measured; a word's share is the mean over the collections without the one that uses it most, so that
no collection's subject counts as everyday. The words of market reports are there by hand: a genre whose texts differ in little else.
"""

from __future__ import annotations

# What any two reports share.
_REPORTING = """
    said says say saying told tell according added adds report reports reported statement spokesman spokeswoman spokesperson monday
    tuesday wednesday thursday friday saturday sunday mon tue wed thu fri sat sun january february march april may june july august
    september october november december jan feb mar apr jun jul aug sep sept oct nov dec today yesterday tomorrow tonight morning
    afternoon evening night week weeks weekend month months year years day days hour hours minute minutes time times new news latest
    live update updates updated breaking video watch photo photos read story stories exclusive opinion analysis people man men woman
    women percent per cent million billion make makes made making take takes took taking get gets got getting set sets want wants
    wanted need needs come comes came coming go goes going went just like including include includes known called way ways use used
    using know think early earlier late later recent recently ago currently expected expects announced announces announce mr mrs ms
    dr
"""
# Function words, but those that are content words of another of the languages ("die", "war", "son").
_FUNCTION_WORDS = """
    aber alle als am auch auf aus bei bis da dann das dass dem den der des durch ein eine einem einen einer es für gegen haben hat
    hatte ich ihr ihre im ist ja kann kein keine können mehr mit muss nach nicht noch nun nur ob oder ohne schon sei sein seine seit
    sich sie sind soll sowie über um und uns unter vom von vor was wegen weil wenn werden wie wieder will wir wird wurde wurden zu
    zum zur zwei zwischen al ante aunque cada como con contra cual cuando de del desde donde dos el ella ellos en entre era es esa
    ese eso esta este esto está están fue fueron ha han hasta hay la las le les lo los más mi mientras muy ni nos otra otro para
    pero por porque que quien se según ser si sido sin sobre son su sus también tan tiene tras un una uno unos y ya ao aos após as
    até com das do dos e ela ele eles em essa esse está foi foram isso já mais mas na nas no nos não num numa o os ou para pela
    pelas pelo pelos pode por quando que se sem ser será seu seus sua suas são também tem têm um uma à às é ainsi alors après au
    aussi autre aux avant avec avoir c ce cela ces cet cette ceux chez comme d dans de depuis des deux dont du elle elles en encore
    entre est et eu été faire fait il ils je jusqu l la le les leur leurs lors lui mais même n ne nous ou où parce pas pendant peu
    peut plus près qu quand que qui s sa sans se selon ses si sont sous sur très tous tout toute toutes un une vers vous y à être ai
    alla alle allo anche che chi ci col come con cui da dal dalla dei del della delle dello di dopo è fra gli ha hanno i il in io la
    le lei lo loro ma nei nel nella nelle non o per perché più prima quando quella quello questa questo se si sono su sua sul sulla
    suo suoi tra un una uno aan al als bij dan dat de deze die dit door een en er geen had heeft hem het hij hun ik is je kan maar
    meer met na naar niet nog nu of om onder ook op over te tegen toch tot uit voor waar wat werd wie wij worden wordt zal ze zich
    zij zijn zo а без бы был была были было быть в вам во вот все всё вы где да для до его ее если еще же за и из или им их к как
    когда который которые кто ли мы на над не него нет но ну о об он она они от по под после при про с свои себя со так также такой
    там то того тоже только у уже что чтобы эта эти это этого этот я
"""
# English function words, as in scikit-learn (BSD licence).
_ENGLISH = """
    a about above across after afterwards again against all almost alone along already also although always am among amongst
    amoungst amount an and another any anyhow anyone anything anyway anywhere are around as at back be became because become becomes
    becoming been before beforehand behind being below beside besides between beyond bill both bottom but by call can cannot cant co
    con could couldnt cry de describe detail do done down due during each eg eight either eleven else elsewhere empty enough etc
    even ever every everyone everything everywhere except few fifteen fifty fill find fire first five for former formerly forty
    found four from front full further get give go had has hasnt have he hence her here hereafter hereby herein hereupon hers
    herself him himself his how however hundred i ie if in inc indeed interest into is it its itself keep last latter latterly least
    less ltd made many may me meanwhile might mill mine more moreover most mostly move much must my myself name namely neither never
    nevertheless next nine no nobody none noone nor not nothing now nowhere of off often on once one only onto or other others
    otherwise our ours ourselves out over own part per perhaps please put rather re same see seem seemed seeming seems serious
    several she should show side since sincere six sixty so some somehow someone something sometime sometimes somewhere still such
    system take ten than that the their them themselves then thence there thereafter thereby therefore therein thereupon these they
    thick thin third this those though three through throughout thru thus to together too top toward towards twelve twenty two un
    under until up upon us very via was we well were what whatever when whence whenever where whereafter whereas whereby wherein
    whereupon wherever whether which while whither who whoever whole whom whose why will with within without would yet you your
    yours yourself yourselves
"""
_KEPT = frozenset({"die", "war", "son", "will", "march", "may"})
STOP_WORDS = frozenset({*_ENGLISH.split(), *_REPORTING.split(), *_FUNCTION_WORDS.split()} - _KEPT)
"""Words that tell no event from another at all."""

_COMMON = {
    0.4: """
    ab ale allem applications bardzo beim bereits być będzie cagr competitive czy damit demand die diese diesem dieser dla doch
    forecast geht gibt global growth habe immer industry insights jahr jak jednak jego jej jest już key które który landscape
    manufacturers market może można nie od opportunities oraz outlook players po projected przez reach region regional research
    revenue roku również sagt sagte segment segments selbst share size się są tak także tego tej też trends tych tylko tym usd
    valued vendors viele war waren will za zeit że ένα έχει έχουν ήταν αλλά αν από αυτή αυτό για δεν είναι είχε ενώ ευρώ θα καθώς
    και κατά με μετά μια να οι οποία που σε στα στη στην στις στο στον στους σύμφωνα τα τη την της τις το τον του τους των ως όπως
    ότι время года сообщает человек этом
""",
    0.2: """
    aby allerdings alles andere anderem anderen angaben badania badań bardziej bez bisher bo było będą choroby choć country czyli
    dabei darunter davon dazu denn derzeit deutsche deutschland did dlatego don dort drei dzieci dzięki ebenfalls eigenen eines
    einige ende erklärt erst ersten etwa etwas euro europa gab ganz gdy gegenüber gemacht gerade gilt good government großen gut
    hatten help heute hier high hin hinter ihm ihn ihnen ihrer ins jahre jahren jako jedoch jeszcze jetzt jeśli kam kiedy kilka
    kinder kommt konnte krieg która których którzy könnte lange lassen lat laut leben letzten long lub ludzi machen mają mann may
    medien mehrere menschen mich mindestens mogą montag müssen nachdem nad najbardziej national nawet neben neue nich niż np ok
    osoby osób platz pod podczas polsce ponad president proc prozent przed przy przypadku public regierung right rund sagen schnell
    sehen sehr seien seinem seinen seiner seite sicherheit sieht sobie sogar sollte sondern sposób später stadt stanie state stehen
    steht tag trzeba unser usa ve viel wcześniej według weg weiter wenig wer werde wieku wiele wielu więc więcej wo wollen work
    world während würde zdrowia zeigt zuletzt zurück zuvor życia άλλη έως ήδη ακόμα ακόμη αποτέλεσμα αποτελεί αρχές βρίσκεται γίνει
    γιατί δε δηλαδή διάρκεια δύο εε ελλάδα επί επίπεδο επίσης εργαζομένων εργαζόμενοι εργασίας ζωή θέμα κάθε κάνει κυβέρνηση
    κυβέρνησης μέσα μέτρα μέχρι μία μας μείωση μεταξύ μην μπορεί μόνο νέα οποίο πάνω πασοκ περίπου περίπτωση πιο πολιτική πολύ
    πρέπει πριν προκειμένου προς πρόεδρος πρόκειται πρώτη πως σήμερα στοιχεία τέλος τώρα υγείας υπάρχει υπουργείο υπουργός φορά
    χρόνια χρόνο χτες χωρίς χώρα χώρας όλα όμως όπου όταν όχι более больше будет всего году декабря есть которых кроме лет людей
    могут может можно новости области один однако очень результате россии своей сейчас словам том три тысяч ученые человека чем этих
    является января
""",
    0.1: """
    able absolut agency aktuell aktuelle akzeptieren albo allein allen alte american amerikanischen amt anderer anders anfang
    anfrage angriff angst art asked attackiert augen ausgelöst away aż bald based bedeutung beendet began beginn beiden beispiel
    beispielsweise bekannt bekommen believe bericht berichtet berichtete berlin besonders besser best betonte betroffen betroffene
    better bevor bevölkerung bezeichnete big bild bin bisherigen bislang bitte bleibt blick bowiem bringen bundesregierung business
    był była były case centrum change chief china chodzi choroba chorych chorób christian ciała city ciągu clear close company
    continue control coraz corona coś current czas czasem czasie czasu czego czym często części część człowieka dadurch dafür daje
    damals daran darauf darf darin darum darüber demnach denen dennoch department deren deshalb deutlich deutschen dezember didn
    dienstag dieses different director direkt dlaczego dni dnia dobrze does doesn domu donnerstag doskonale dość drittel dużo dwa
    dwie dwóch działanie dziś dürfen dürfte eher eigentlich einfach einfluss einigen einmal einsatz einzige eltern end endlich
    entdeckt entscheiden entscheidung entschieden erfahrung erfolg erinnert erklärte erneut erreichte erste erwartet especially
    essen europäischen evidence ex experten face fact fall family far fast fdp feel festgestellt fiel findet folge following frage
    fragen frankreich frau frauen free frühere future führung fünf gar geben gebracht gegeben gegner gehen gekommen gemeinsam genau
    general genommen genug geschichte gesehen gesellschaft gesetz gestellt getötet gewalt gewesen gewinnen geworden gezeigt geändert
    geäußert ging given gleichen gleichzeitig great group große großer grudnia grund grupy größte grünen gute głównie half halten
    hand handelt hard haus having health heißt held hieß hinzu hit hoffnung home house hätte hätten ihrem ihren important
    information informationen informuje inne innych innymi insbesondere insgesamt instead international internationalen interview
    inzwischen isn israel issue issues jahres jakie jede jeden jeder jedna jednego jednej jednocześnie jednym jedną jedynie jene
    juli junge juni jährige ją karriere każdy keinen kern kilku klar kleine koalition kobiet kobieta kobiety kolejne kommen konnten
    kontrolle końca kritik krwi którego której którym którą kunden kurz könne könnten land lang large lata latach laufen law
    leczenia led left leicht leki lepiej liczba liegt life likely little ll look looking lost lot ludzie länder lässt macht mai
    major media mehrfach meint meisten members miała miejsce mieć millionen mitarbeiter mittlerweile mittwoch między mln mniej
    monate monaten money musi musste muszą mutmaßlichen männer märz mówi mózgu möglich müsse mężczyzn nacht nahe najczęściej należy
    nam namen naszym nationalen natomiast natürlich naukowcy near nearly netz netzwerken neuen neues nichts nieco niej niemal
    niemand niezwykle nigdy nim nią north nowe nowego nowy nowych number nutzen nächsten obecnie objawy offenbar office offiziell
    oft około old ona online oprócz order organizm organizmie organizmu oznacza pacjentów pandemie pap partei past pay person
    pierwsze pierwszy pl place plan plans plattform play początku point police politik politische politischen pomiędzy ponadto
    possible post power powiedział powinno powodu poza poziom pracy press pro probleme problemy prof provide przecież przeciwko
    przede przyczyną präsident präsidenten published raczej rahmen raum raz razem reagiert real really regeln reihe released
    richtung risiken rok rolle rot rozwoju run russische russischen russland russlands ryzyko różnych sam sama samym scharf school
    schrieb schweiz schwer schwere sechs second security seen seines serca sexuellen sicht sieben siebie sieg similar situation
    skóry small sogenannte solche sollen sommer sonntag sonst sorgte south sowohl sozialen spielen spitze sprawie spricht staaten
    stand stark starken start states statt steckt stellt straßen strecke strong stronie strony stunden stycznia support swoich swoim
    swoje swoją ta tage tagen taken taki takich takie tam tatsächlich tausende team teil teils teilte temat temu teraz teuer thema
    thing things thought tragen treffen tritt trump trzy tu typu tys tzw udało udział uhr ukraine układ układu umgang ums united
    university universität uniwersytetu unsere unserer unternehmen unterstützen unterstützung untersuchung vergangenen vergangenheit
    verschiedenen versucht vertreten verändert veröffentlichten vielen vieles vier vorgehen vorwürfe wahl wahlen wann warszawie
    warto warum washington water weit weitere weiteren weiterhin weiß welt weltweit wenige weniger white wiadomo wichtig wichtige
    wies wirklich wirtschaft wirus wirusa wochen wohl wolle won working worte wpływ wszystkich wszystkie wszystkim wszystko wtedy
    wydaje wynika wyniki wystarczy występuje względu wäre wówczas würden właśnie wśród york zahl zahlen zahlreiche zarówno zawsze
    zdaniem zehn zeigen zeitpunkt zentrum zespołu zespół ziel znacznie zostanie został została zudem zufolge zugelassen zunächst
    zusammen zusammenhang zwar związane związku zwykle zwłaszcza zł ähnlich öffentlichen überhaupt übernimmt świat świecie życie
    άλλα άλλες άλλων έγινε ένας ίδια ίδιο αγορά αγώνα αθήνα ανάγκη ανάπτυξη ανακοίνωση αναμένεται αποφάσεις απόφαση αυτά αυτές αυτήν
    αυτός αφορά αφορμή αφού αύξηση βάση βρίσκονται γίνεται γεγονός γενάρη δήλωσε δηλώσεις διάστημα δισ δουλειά δυνάμεις εάν είχαν
    εδώ εκ εκατομμύρια εκατοντάδες εκπρόσωπος εκτός ελλάδας ενός εξής επίθεση επικεφαλής επόμενο εργάτες εργαζόμενους εργατικό
    εταιρεία εφαρμογή ηπα θέση κάνουν κάτι κέντρο κανείς κατάσταση κεφαλαίου κι κκε κρίση κυρίως κόμματος κόσμο λαού λαϊκή λαό λόγο
    λόγω μάλιστα μέρα μέρες μέσω μέτρων μήνες μαζί μεγάλη μετώπου μη μιας μισθούς μπορούν νέες νέο οικονομικών οποίες οποίος οπως
    ουσιαστικά ούτε πάντως πίσω παμε παρά παράλληλα παραμένει παραπάνω περίοδο περιοχές περιοχή περισσότερο πηγές πλέον πλαίσιο
    πληροφορίες πλουτοκρατίας πολιτικής προέδρου προβλήματα προσπάθεια πρόγραμμα πρώην σειρά στιγμή στόχο συγκέντρωση συγκεκριμένα
    συμβούλιο συμφωνία συνέχεια συνολικά σχέσεις σχεδόν σχετικά σύστημα τελευταία τελευταίο τετάρτη τι τομέα τουλάχιστον τρόπο τόσο
    υγεία υπουργείου χιλιάδες χρόνου χώρο ωστόσο όλες όλο όλοι όλων όσο ύψους ώρα ώστε благодаря болезнь больницы больных борьбе
    борьбы будут вич власти внимание возрасте впервые врач всем всех главный даже два дело день детей дети другие других другой ему
    женщин жизни жизнь заболевания заместитель заявил здесь здоровья здравоохранения именно инфекцией использовать исследователи
    количество которого которое которой лечения лишь люди медицинской между министр мире мнению много мозга наиболее напомним
    например нас населения начале несколько ни них нового нужно образом около пока помощи помощь потому почти поэтому президента
    пресс причем провели против работы раз раза рамках ранее рассказал риа россия самым самых свою связи сделали сегодня сказал сми
    согласно сообщалось сообщил сообщили специалисты спида спидом среди стали стоит страны суд такие таким тем теперь удалось
    украины университета ходе хотя центра центре часть через числе этой
""",
    0.05: """
    ability access accused act action activity actually adding addition administration age ahead air allow america americans anti ap
    appeared appears approach area areas aren associated attack attention authorities available average bad believes biggest bit
    black board body bring british build building california calling calls campaign capital car care cases cause caused center
    central certain certainly chance changes children claim claimed claims college comment committee common community companies
    compared completely concerns conference confirmed consider continues cost council countries couple course court create cut daily
    data date david deal death decade decision defense democratic design designed despite details development died difficult doing
    dollars donald east easy economic economy effect effort efforts election emergency energy entire event events example executive
    expect experience experts explained failed federal fight final financial firm focus follow followed food force forced forces
    foreign form forward friends game gave giving ground groups growing hands happened head heart higher history hold hope hospital
    huge human hundreds idea immediately included increase individual inside investigation involved issued job john justice killed
    kind knew largest launched lead leader leading learn leave legal let level levels light line list lives local london longer
    looks love low lower main march mark matter maybe mean means meeting member message michael mid middle military mind minister
    model multiple nation needed noted numbers obama offer offered officer official officials open operating outside particularly
    parts party pass performance period personal phone points policy political popular position potential powerful pretty prevent
    previous price prime private probably problem problems process program protect question quickly quite raise raised rate reached
    ready reason received record red related release remain remains reportedly reporters republican response rest result results
    return revealed review rights rise risk role room running russia safety save saw secretary seeing sell senior sense sent series
    service services seven short showed shown shows sign significant signs simple single site smaller social soon source sources
    space special spend spending spent staff stage star started starting stay step stop street study success suggested sure
    technology term terms test thousands total tried true try trying turn turned twitter uk version vice victory view wasn west wife
    win words worked works worth wrong wrote young агентство александр больницу возможность вопрос врачей врачи времени второй глава
    данным дня здоровье ирина исследований которая крайне крови летний либо месте мира назад настоящее неделю необходимо несмотря
    ними новых ноября одного организации партии первый передает получили получить помощью президент пришли программы просто работу
    раньше результатам решение роспотребнадзора рф себе система системы служба случаев среду стоимость таких течение тогда тысячи
    украине уровень центр
""",
    0.025: """
    accept account actions active activities add additional address admitted advance advanced advantage advice affected affordable
    africa agree agreement aid alleged allies allowed allowing allows alongside analyst analysts angeles announcement annual answer
    apparently appeal appear appearance apple armed army ask asking attacks attempt attended attorney audience australia author
    authority avoid ban bank barack base basically beat beautiful begin beginning believed benefit benefits bid bigger billionaire
    blood blue book boost border born bought brand break bringing britain broad brother brought budget built bush businesses buy
    camera canada canadian cancer career carolina carried carry carrying cash caught causes centre century chairman challenge
    challenges chances changed changing character charge charged charges check child chinese choice choose chris citizens civil
    class classic clean clearly climate closed cnn coast combined comments commercial commission communities complete complex
    computer concern concerned concluded condition conditions conducted confidence conflict congress considered content continued
    core costs couldn county cover coverage covered created creating credit crime criminal crisis criticism cross culture customers
    damage dangerous dead deadly deaths debate decades decide decided decisions declared declined deep deeply definitely degree
    deliver democrats denied deputy described determine develop developed device devices difference direct directly disease display
    district doctor doctors documents dream drew drink drive driving drop dropped drug earth easily eat education effects electric
    email emerged employees ended enforcement ensure enter essential essentially estimated estimates europe european eventually
    exactly existing experienced expert explain expressed extra extremely eye eyes faced failure fair familiar families fan fans
    father favor fear fears features feeling feet fell fellow felt field fighting figure figures film finally finding fine fit floor
    florida focused foot foundation founder france french fresh friend fuel fully fun gain games gas gathered generation george
    giant girl girls gives goal god gone gop gov governments governor greater green grow guy happen happens happy hasn haven healthy
    hear heard hearing heavy helped helping helps highest highlights highly hill historic holding homes hopes hoping host humans
    husband identified images impact incident increased increasingly individuals industrial infrastructure initial initially
    institute insurance intelligence intended interesting internet introduced investment island james jersey jobs joe join journal
    keeping kept kids killing knowledge lack language largely larger launch lawmakers lawyer leaders leadership learned leaving
    legislation letter limited lines linked living located looked lose losing loss maintain majority management manager markets mass
    massive meant measure measures medical meet mike miles millions ministry mission mobile models modern moment mother moved
    movement moves movie moving music named nasa nations natural naturally nature necessary net network nevada newspaper nice normal
    northern note noting occurred offering offers officers oil older ones ongoing opened opening operation operations opportunity
    option options ordered organization original originally overall owner owners page paid paper parents park particular parties
    passed path pattern paul paying peace perfect phase physical pick picture piece placed places planned planning plant played
    player playing plenty policies poll poor population posted potentially pounds pre prepared presence present presidential
    pressure previously prices primary prison produced product production products professional professor programs progress project
    promised proposed protection protest protesters provided providing province pushed putting quality quarter questions race rally
    ran range rates reaction reading reality reasons receive recovery reduce regular relationship relatively relief remained
    remaining remember removed rep repeatedly replace republicans request requires researchers residents resources respond
    responsibility responsible returned reuters rich risks road robert rose round royal rules safe sales san scale scandal scene
    scheduled science scientific scientists screen sea search season secret sector seeking self selling sen send sending separate
    serve served serving setting severe sex sexual shared shares shift shooting shortly shot showing signed significantly simply
    sitting slightly society sold son sound southern speak speaker speaking specific speech spoke spread st standard standards
    standing stands stated status staying stock store storm strategy struggling student students studies style successful suffered
    suggest suggests summer super supply supported supposed surface surprise survey systems table talk talking talks target tax
    teams television telling tells tens terrible testing texas thanks thinking threat threatening threats tom touch tough town track
    trade trading traditional training travel treated treatment trip truly trust tv tweet twice type typically ultimately understand
    union unique unless unlike unusual urged users usual usually value variety various vehicle vehicles victim victims views
    violence virginia visit vote voters wait waiting walk wall warned warning watching weapons web website weight weren western wide
    wind winning wish word workers worse worst wouldn writing written yes
""",
}
SHARES: dict[str, float] = {word: share for share, words in _COMMON.items() for word in words.split()}
"""The share of everyday news texts that hold a word, in steps; a word that is not here is rarer than the last step."""

_WEEKDAYS = """
    monday montag lundi lunes lunedì maandag poniedziałek понедельник понедельника
    tuesday dienstag mardi martes martedì dinsdag wtorek вторник вторника
    wednesday mittwoch mercredi miércoles mercoledì woensdag środa środę
    thursday donnerstag jeudi jueves giovedì donderdag czwartek четверг четверга
    friday freitag vendredi viernes venerdì vrijdag piątek пятница пятницу пятницы
    saturday samstag sonnabend samedi sábado sabato zaterdag sobota sobotę суббота субботу субботы
    sunday sonntag dimanche domingo domenica zondag niedziela niedzielę воскресенье воскресенья
"""
WEEKDAYS: dict[str, int] = {word: number for number, line in enumerate(_WEEKDAYS.strip().splitlines()) for word in line.split()}
"""The names of the weekdays, Monday is 0; without those that mostly mean something else (Portuguese "segunda", Russian "среда")."""
