/**
 * Function words by language (ISO 639-1), lower case, as they stand in text. Two uses: they are not indexed,
 * and they tell languages apart. The lists are short on purpose: articles, pronouns, prepositions,
 * conjunctions, auxiliaries and question words, never words that can carry a question's meaning.
 */
const LISTS = {
  en: `a about after again against all also am an and any are aren't as at be because been before being below
    between both but by can can't cannot could couldn't did didn't do does doesn't doing don't down during each few
    for from further had hadn't has hasn't have haven't having he her here hers herself him himself his how i if
    in into is isn't it it's its itself just me more most must my myself no nor not of off on once only or other our
    ours ourselves out over own same shall she should so some such than that that's the their theirs them
    themselves then there these they this those through to too under until up upon very was wasn't we were weren't
    what when where which while who whom whose why will with won't would wouldn't you your yours yourself`,
  de: `aber alle allem allen aller alles als also am an ander andere anderen anderer anderes auch auf aus bei beim
    bin bis bist da damit dann das dass daß dein deine dem den denn der des dessen die dies diese diesem diesen
    dieser dieses dir doch dort du durch ein eine einem einen einer eines er es etwas euch euer eure für gegen
    gewesen hab habe haben hat hatte hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer ihres im in
    indem ins ist ja jede jedem jeden jeder jedes jene jenem jenen jener jenes kann kein keine keinem keinen keiner
    können könnte man mein meine mich mir mit muss nach nicht nichts noch nun nur ob oder ohne sehr sein seine
    seinem seinen seiner seines seit sich sie sind so solche soll sollte sondern sonst über um und uns unser unsere
    unter vom von vor wann war waren warum was weil welche welchem welchen welcher welches wem wen wenn wer werde
    werden wessen wie wieder will wir wird wirst wo wofür womit wurde wurden würde würden zu zum zur zwar zwischen`,
  fr: `a à ai aient ainsi alors après au aucun aussi autre autres aux avait avant avec avez avoir avons c ce ceci cela
    celle celles celui ces cet cette ceux chaque chez ci comme comment d dans de depuis des dont du elle elles en
    encore entre es est et étaient était été êtes être eu eux faire fait furent fut ici il ils j je jusqu l la là
    laquelle le lequel les lesquelles lesquels leur leurs lors lorsque lui m ma mais me même mes moi mon n ne ni nos
    notre nous on ont ou où par parce pas pendant peut plus pour pourquoi qu quand que quel quelle quelles quels qui
    quoi s sa sans se selon sera ses si soit son sont sous sur t ta tandis te tes toi ton tous tout toute toutes
    très tu un une vers vos votre vous y`,
  es: `a al algo algunas algunos ante antes aquel aquella así aunque cada como cómo con contra cual cuál cuáles
    cuales cuando cuándo cuánta cuántas cuánto cuántos de del desde donde dónde durante e él el ella ellas ellos en
    entre era eran es esa esas ese eso esos esta está estaba estaban estado están estas este esto estos fue fueron
    fué ha había habían hacia han hasta hay he la las le les lo los más me mi mis muy nada ni no nos nosotros o os
    otra otras otro otros para pero por porque pues qué que quien quién quienes quiénes se sea ser si sí sido sin
    sobre son su sus también tan tanto te tenía tiene tienen toda todas todo todos tu tus un una unas uno unos usted
    y ya yo`,
  it: `a ad agli ai al alla alle allo anche ancora avere aveva avevano c che chi ci come con contro cosa cui d da dagli
    dai dal dalla dalle dallo degli dei del dell della delle dello di dopo dove durante e è ed egli era erano essere
    fra fu furono gli ha hanno ho i il in io l la le lei li lo loro lui ma mi mia mio ne negli nei nel nell nella
    nelle nello noi non nostra nostro o ogni per perché però più prima può qual quale quali quando quanta quante quanti
    quanto quella quelle quelli quello questa queste questi questo s se sei senza si sia sono sopra stata stati stato
    su sua sue sui sul sulla sulle suo suoi tra tu tutte tutti tutto un una uno v vi voi`,
  pt: `a à ao aos aquela aquele as às até com como da das de dela dele deles depois do dos e é ela elas ele eles em
    entre era eram essa essas esse esses está estão esta estas estava este estes eu foi foram há isso isto já lhe lhes
    mais mas me mesmo meu minha muito na não nas nem no nos nós nossa nosso num numa o onde os ou para pela pelas pelo
    pelos por porque qual quais quando quanto quantos quantas que quê quem se seja sem ser será seu seus só sob sobre
    sua suas também te tem têm tinha todas todo todos um uma umas uns você vocês`,
  nl: `aan al alle alles als altijd andere ben bij daar dan dat de deze die dit doch doen door dus een en er ge geen
    geweest had heb hebben heeft hem het hier hij hoe hoeveel hun ik in is ja je kan kon kunnen maar me meer men met
    mij mijn moet na naar niet niets nog nu of om omdat onder ons ook op over reeds te tegen toch toen tot u uit uw
    van veel voor waar waarom wanneer want waren was wat welk welke werd werden wezen wie wiens wij wil worden wordt
    zal ze zelf zich zij zijn zo zonder zou`,
  sv: `alla allt att av blev bli blir de dem den denna deras dess dessa det detta dig din du där då efter ej eller en
    er ett från för ha hade han hans har henne hennes hon honom hur här i icke ingen inom inte jag kan kunde man med
    mellan men mig min mot mycket ni nu när någon något några och om oss på samma sedan sig sin sina ska skulle som
    så till under upp ut utan vad var vara varför varit varje vars vem vi vid vilka vilken vilket än är över`,
  da: `ad af alle alt anden at blev blive bliver da de dem den denne der deres det dette dig din dog du efter eller en
    end er et for fra få ham han hans har havde have hende hendes her hos hun hvad hvem hvilke hvilken hvilket hvis
    hvor hvordan hvorfor hvornår i ikke ind jeg jer jo kunne man mange med meget men mig min mine mit mod ned noget
    nogle nu når og også om op os over på selv sig sin sine sit skal skulle som sådan thi til ud under var vi vil
    ville vor være været`,
  no: `alle at av ble bli blir både da de deg dem den denne der dere deres det dette di din disse du eller en enn er et
    ett etter for fordi fra få ha hadde han hans har hennes henne her hun hva hvem hvilke hvilken hvilket hvis hvor
    hvordan hvorfor i ikke ingen inn ja jeg kan kunne man mange med meg men mer min mot mye noe noen nå når og også om
    opp oss over på samme seg selv sin sine sitt skal skulle slik som så til ut var ved vi vil ville vår være vært`,
  fi: `ei eivät eli emme en ennen että hän häneen hänen he heidän hyvin ja jo joka jonka jossa jota jotka jos kanssa
    kaikki kuin kuinka kuka kun koska ketkä me mikä miksi milloin minä missä mistä mitä mitkä montako mukaan mutta myös
    ne niiden niin niitä nyt oli olen olet olivat olla olleet ollut on ovat se sekä sen siellä siinä sitä sinä tai
    tämä tämän tässä te vaan vai vaikka vain voi`,
  pl: `a aby ale am bardzo bez być był była było były by czy co czego czyli dla do gdy gdzie gdyż go i ich ile im innych
    iż ja jak jaka jaki jakie jako je jego jej jest jestem jeśli już kiedy kim kto która które którego której który
    których którym którzy lub ma mi między mnie może na nad nas nie nich niej nim o od on ona one oni oraz po pod
    podczas ponieważ poza przed przez przy są się skąd sobie ta tak także tam te tego tej ten to tu tych tym tylko
    u w we więc wszystko z za ze że żeby`,
  cs: `a aby ale ani asi až bez bude by byl byla byli bylo být co což či do ho i jak jaká jaké jaký jako je jeho jej její
    jejich jen ještě jeho jsem jsme jsou kde kdo kdy kdyby když ke kolik která které který kteří ku má mezi mi mu na nad
    nebo není než ní o od on ona oni po pod podle pro proč protože před při s se si svůj ta tak také takže tam té ten
    tento této to tohoto tom tomto tu ty u už v ve však z za ze že`,
  ro: `a acea această aceasta aceste acest acesta acestor acestui ai al ale am ar are asupra au avea avut ca că care cât
    câte câți ce cel cele cei cine cu cum către când da dar de decât despre din după ea ei el ele era erau este eu fi
    fie fost îi îl în între iar își la le li lor lui mai nici nu o ori pe pentru până prin s sa sau să se și sunt sub
    toate tot un una unde unei unele unor unui va vor`,
  hu: `a abban ahhoz ahogy aki akik ami amely amelyek amelyet amikor amit az azok azon azt azért be csak de e egy ez
    ezek ezen ezt én és fel hány ha hanem hogy hogyan hol is itt ki kik kit le lehet lesz már meg mely melyik mert mi
    miért mikor milyen mind mint mit mivel most ne nem neki nélkül ott ő ők össze pedig s sem számára szerint te után
    vagy vagyok van vannak volt voltak által át`,
  tr: `acaba ama ancak bana bazı ben beni benim bir biz bizim bu buna bunlar bunu bunun çok çünkü da daha de değil diye
    en gibi göre hangi hangisi hem hep her hiç için ile ise kaç kadar ki kim kime kimin mı mi mu mü nasıl ne neden nedir
    nerede neler o olan olarak oldu olduğu olduğunu olur ona onlar onların onu onun sen siz sonra şey şu tarafından tüm
    üzere var ve veya ya yani yok`,
  ca: `a al als altra altres amb aquell aquella aquest aquesta aquests com d de del dels des després on el ella ells
    els en entre era eren és està estan fins foren fou ha han hi i l la les li lo més molt n ni no o per perquè però
    quan quant quants que què qui quin quina quins s sense ser seu seus seva si són sobre també tan te tot tots un una
    unes uns va van`,
  vi: `và của là có được cho trong các một những với để không này đã khi người từ đến như cũng về ra vào nào gì ai đâu
    bao nhiêu thế tại vì do bởi sẽ đang rất theo hay hoặc nhưng mà thì đó nó họ ở trên dưới sau trước nếu`,
  id: `adalah ada akan antara apa atau bagaimana bahwa banyak berapa bisa dalam dan dapat dari dengan di dia harus ini
    itu jika juga kami kapan karena ke kepada kita lebih mana mengapa mereka oleh pada para saat saya sebagai sebuah
    secara sudah tahun telah tersebut tidak untuk yang`,
  ru: `а без более бы был была были было быть в вам вас весь во вот все всего всех вы где да даже для до его ее ей если
    есть ещё еще её же за и из или им их к как какая какие каким какими каких какого какое какой какую когда кого ком
    кому которая которого которое которой которую которые который которых кто куда ли либо между меня мне много может
    мой мы на над надо нам нас наш не него неё нее нет ни них но ну о об однако он она они оно от откуда очень перед по
    под после потому почему при про с сам свое своей свои своего свой себя сколько со так также такая такие такой там
    те тем то того тоже той только том тот ту ты у уже хотя чего чей чем через что чтобы чья эта эти этих это этого
    этой этом этот эту я`,
  uk: `а або адже але без більш був була були було бути в вам вас ви від він вона вони воно все всі де для до є ж за з
    зі і із її їй їм їх й його йому коли кого кому котра котрий котрі ким куди лише ми мене мені між мій може на над
    нас не нею ним них ні ну о об от перед під по при про проти після саме свої своє своїх себе скільки та так також
    такий там те ти тим то того тому той тільки у хоча хто це цей ця ці цього цієї чи чим чого чому через що щоб що б
    я як яка яке який яким яких які якого якої якщо`,
  bg: `а ако ала без беше би бил била били било бъде в вас ви все всички във га го да до е за защо защото и из или им
    има как какво каква какъв какви като кога кого което които кой колко която къде към ли ме между ми мога може му на
    над най не него нея ни ние но някои обаче около от по под поради после при през с са само се след си със също съм
    така такива те тези ти то това тогава този той тя тази у ще чрез`,
  el: `αν από απο αυτά αυτές αυτή αυτό αυτός αυτού αυτών για δε δεν εάν ένα ένας ενός είναι ή ήταν η θα και κατά κι με μετά
    μέσα μια μία μιας μου να ο οι όμως όπως όταν ότι όσο ού πιο ποια ποιο ποιος ποιοι ποιες πόσα πόσο πόσοι πόσες πότε
    που πού προς πριν πως πώς σας σαν σε στα στη στην στις στο στον στους στου συν τα τη την της τι τις το τον του τους
    των ως γιατί έχει έχουν είχε υπό`,
  ar: `أن أنه أنها أو أي أين إلا إلى إن إنه التي الذي الذين اللذان الى ان او اي اين بعد بعض بل بن به بها بين تلك تم ثم
    حتى حول حيث خلال دون ذلك ذات عام عدد على عليه عليها عن عند عندما غير ف في فى فيه فيها قبل قد كان كانت كما كل كم كيف
    لا لأن لان لدى لقد لكن لم لما لماذا له لها لهم ليس ما ماذا متى مثل مع من منذ منه منها نحو هذا هذه هل هم هنا هناك هو
    هي و وقد ولا ولم وما ومن وهو وهي يا يتم يكون`,
  fa: `از است اما ان این آن آنها با باید بر برای به بود بودند تا تر چه چرا چگونه چند چون چیست خود در دو را روی شد شده
    شود کجا که کدام کرد کرده کند کنند کی ما می من نیز نمی ها های هر هم همه همین و وی یا یک`,
  he: `אבל או אותו אותה אותם אז איך אין איפה אל אלא אלה אם אני אנחנו את אתה בו בה בין גם הוא היא היה היו היתה הייתה הם הן
    הזה הזאת זה זו זאת יש כאשר כי כל כמה כמו כן לא לו לה להם לפי מה מי מתי מדוע למה לאחר על עד עם של שלו שלה שלהם`,
  hi: `अपना अपनी अपने इस इसका इसकी इसके इसमें इसे उन उनका उनकी उनके उस उसका उसकी उसके उसे एक एवं और कब कर करता करते करना
    करने कहा कहाँ कहां का कि किस किसने किसी की कितना कितनी कितने कुछ के को कौन कौनसा कौनसी क्या क्यों गई गए गया जब जहाँ
    जाता जाती जाते जिस जिसे जो तक तथा तो था थी थे द्वारा न नहीं ने पर भी में यह यहाँ या ये रहा रही रहे लिए लेकिन वह वाले
    वे सकता सकते सभी साथ से हम ही हुआ हुई हुए है हैं हो होता होती होते होने`,
} as const satisfies Record<string, string>;

export type FunctionWordLanguage = keyof typeof LISTS;

export const FUNCTION_WORD_LANGUAGES = Object.keys(LISTS) as FunctionWordLanguage[];

const sets = new Map<string, ReadonlySet<string>>();
const NONE: ReadonlySet<string> = new Set();

/** The function words of a language; empty when none are known for it. */
export function functionWords(language: string): ReadonlySet<string> {
  const known = sets.get(language);
  if (known !== undefined) return known;
  const list = Object.hasOwn(LISTS, language) ? LISTS[language as FunctionWordLanguage] : undefined;
  if (list === undefined) return NONE;
  const made = new Set(list.split(/\s+/u));
  sets.set(language, made);
  return made;
}
