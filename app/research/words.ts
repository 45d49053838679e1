/**
 * Owns words: how text becomes the terms that are searched and compared. Linear in the text, the same on
 * every machine, and without assumptions about the language beyond mild English endings.
 */

/** Words that say nothing about the subject. The question words are read elsewhere, before these go. */
const STOP_WORDS: ReadonlySet<string> = new Set(
  `a about above after again against all also am an and any are as at be because been before being below
  between both but by can could did do does doing done down during each either else even ever every for
  from further get gets getting got had has have having he hence her here hers him his how however i if in
  into is it its itself just let lets like made make makes may me might more most much must my myself neither
  no nor not now of off on once one only onto or other others ought our ours out over own per please quite
  rather s same shall she should since so some such t than that the their theirs them themselves then there
  these they this those though through thus to too under until unless up upon us very via was we were what
  when where whether which while who whom whose why will with within without would yes yet you your yours
  cannot never don doesn didn isn aren wasn weren won wouldn couldn shouldn hasn haven hadn re ve ll
  something anything nothing everything someone anyone everyone many often tell know long longer quickly
  soon fast far`.split(/\s+/),
)

const WORD = /[\p{L}\p{N}][\p{L}\p{M}\p{N}]*/gu
/** Scripts written without spaces: their runs are cut into overlapping pairs. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u
const LONGEST_WORD = 64

/** Words of the text as they stand, lower case, without accents. */
export function words(text: string): string[] {
  const found: string[] = []
  const folded = text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .normalize('NFC')
  for (const [word] of folded.matchAll(WORD)) {
    if (UNSPACED.test(word)) found.push(...pairs(word))
    else found.push(word.slice(0, LONGEST_WORD))
  }
  return found
}

/** Terms of the text, in order, with repetitions, without stop words. */
export function terms(text: string): string[] {
  const kept: string[] = []
  for (const word of words(text)) if (!STOP_WORDS.has(word)) kept.push(stem(word))
  return kept
}

export function distinctTerms(text: string): string[] {
  return [...new Set(terms(text))]
}

function pairs(run: string): string[] {
  const signs = [...run]
  if (signs.length < 3) return [run]
  return signs.slice(1).map((sign, at) => `${signs[at] ?? ''}${sign}`)
}

const IRREGULAR: ReadonlyMap<string, string> = new Map([
  ['paid', 'pay'],
  ['sent', 'send'],
  ['sold', 'sell'],
  ['bought', 'buy'],
  ['kept', 'keep'],
  ['held', 'hold'],
  ['lost', 'lose'],
  ['said', 'say'],
  ['mail', 'email'],
  ['mails', 'email'],
  ['emails', 'email'],
])

/** Takes common endings off, so that `returns`, `returned` and `returning` are one term. */
function stem(word: string): string {
  const irregular = IRREGULAR.get(word)
  if (irregular !== undefined) return irregular
  if (word.length < 4 || !/^[a-z]+$/.test(word)) return word
  let root = word
  if (root.endsWith('ies') && root.length > 4) root = `${root.slice(0, -3)}y`
  else if (/(ss|sh|ch|x)es$/.test(root)) root = root.slice(0, -2)
  else if (/[^sui]s$/.test(root)) root = root.slice(0, -1)
  for (const ending of ['ing', 'ed']) {
    const rest = root.slice(0, -ending.length)
    if (!root.endsWith(ending) || root.endsWith('eed') || rest.length < 3 || !/[aeiouy]/.test(rest)) continue
    root = /([bdgmnprt])\1$/.test(rest) ? rest.slice(0, -1) : rest
    break
  }
  return root.length > 4 && root.endsWith('e') ? root.slice(0, -1) : root
}
