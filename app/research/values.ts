/**
 * Owns what a sentence asserts that can be compared: its amounts, periods, dates and times, brought to one
 * form, and whether it denies something. Also which kind of value a question asks for.
 */
import { terms } from './words.ts'

export const VALUE_KINDS = ['duration', 'money', 'percent', 'time', 'date', 'count', 'number'] as const
export type ValueKind = (typeof VALUE_KINDS)[number]

/** A type, not an interface: it must be JSON to travel between agents. */
export type Value = {
  kind: ValueKind
  /** As the document has it. */
  text: string
  /** Equal keys are equal values, however they were written. */
  key: string
}

const NUMBER_WORDS: ReadonlyMap<string, number> = new Map(
  'one two three four five six seven eight nine ten eleven twelve'
    .split(' ')
    .map((word, at): [string, number] => [word, at + 1])
    .concat([
      ['fourteen', 14],
      ['fifteen', 15],
      ['twenty', 20],
      ['thirty', 30],
      ['sixty', 60],
      ['ninety', 90],
    ]),
)
const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ')

const N = `(?:\\d+(?:[.,]\\d+)*|(?:${[...NUMBER_WORDS.keys()].join('|')})(?![\\p{L}]))`
const RANGE = `(${N})(?:\\s?(?:-|–|—|to|bis)\\s?(${N}))?`
const START = '(?<![\\p{L}\\p{N}.,])'
const END = '(?![\\p{L}\\p{N}])'
const UNIT =
  '(minutes?|mins?|hours?|days?|nights?|weeks?|months?|years?|minuten?|stunden?|tage?n?|wochen?|monaten?|monate|jahren?|jahre|jours?|semaines?|mois|ans?|días?|semanas?|meses)'
const CURRENCY = '(€|\\$|£|¥|EUR|USD|GBP|CHF|euros?|dollars?|pounds?)'
const MONTH = '(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\\.?'

const MINUTES: readonly (readonly [start: RegExp, minutes: number])[] = [
  [/^mi/, 1],
  [/^(hour|stund)/, 60],
  [/^(day|night|tag|jour|d[ií])/, 1_440],
  [/^(week|woch|seman|semai)/, 10_080],
  [/^(month|monat|mois|mes)/, 43_200],
  [/^(year|jahr|an)/, 525_600],
]
const CURRENCIES: ReadonlyMap<string, string> = new Map([
  ['€', 'eur'],
  ['$', 'usd'],
  ['£', 'gbp'],
  ['¥', 'jpy'],
  ['euro', 'eur'],
  ['dollar', 'usd'],
  ['pound', 'gbp'],
])

interface Pattern {
  kind: ValueKind
  regex: RegExp
  key(match: Groups): string
}

/** The match, then its groups. */
type Groups = readonly (string | undefined)[]

/** Tried in order; what one claims is not looked at by the next. */
const PATTERNS: readonly Pattern[] = [
  {
    kind: 'date',
    regex: pattern(`${START}(\\d{4})-(\\d{2})-(\\d{2})${END}`),
    key: (m) => dateKey(m[1], m[2], m[3]),
  },
  {
    kind: 'date',
    regex: pattern(`${START}(\\d{1,2})(?:st|nd|rd|th|\\.)?\\s(?:of\\s)?${MONTH}(?:,?\\s(\\d{4}))?${END}`),
    key: (m) => dateKey(m[3], monthNumber(m[2]), m[1]),
  },
  {
    kind: 'date',
    regex: pattern(`${START}${MONTH}\\s(?:(\\d{1,2})(?:st|nd|rd|th)?(?:,?\\s(\\d{4}))?|(\\d{4}))${END}`),
    key: (m) => dateKey(m[3] ?? m[4], monthNumber(m[1]), m[2]),
  },
  {
    kind: 'time',
    regex: pattern(`${START}(\\d{1,2})(?::(\\d{2}))?\\s?([ap])\\.?m${END}|${START}(\\d{1,2}):(\\d{2})${END}`),
    key: (m) => timeKey(m),
  },
  {
    kind: 'money',
    regex: pattern(`${CURRENCY}\\s?${RANGE}${END}`),
    key: (m) => `${currency(m[1])}:${rangeKey(m[2], m[3], 1)}`,
  },
  {
    kind: 'money',
    regex: pattern(`${START}${RANGE}\\s?${CURRENCY}${END}`),
    key: (m) => `${currency(m[3])}:${rangeKey(m[1], m[2], 1)}`,
  },
  {
    kind: 'percent',
    regex: pattern(`${START}${RANGE}\\s?(?:%|(?:percent|per\\scent|prozent)${END})`),
    key: (m) => rangeKey(m[1], m[2], 1),
  },
  {
    kind: 'duration',
    regex: pattern(`${START}${RANGE}(?:\\s|-)(?:(?:working|business|calendar|full)\\s)?${UNIT}${END}`),
    key: (m) => durationKey(m),
  },
  { kind: 'date', regex: pattern(`${START}((?:19|20)\\d{2})${END}(?![.,]\\d)`), key: (m) => dateKey(m[1]) },
  {
    kind: 'count',
    regex: pattern(`${START}${RANGE}\\s(\\p{L}[\\p{L}\\p{M}-]+)`),
    key: (m) => `${terms(m[3] ?? '')[0] ?? ''}:${rangeKey(m[1], m[2], 1)}`,
  },
  {
    kind: 'number',
    regex: pattern(`${START}(\\d+(?:[.,]\\d+)*)${END}`),
    key: (m) => rangeKey(m[1], undefined, 1),
  },
]

/** Numbers that name a thing instead of measuring it. */
const NAMES_A_THING =
  /(?:\b(?:release|version|step|section|chapter|page|line|item|no\.?|number|v)\s?|[#§]\s?)$/iu

export function readValues(sentence: string): Value[] {
  const found: { at: number; value: Value }[] = []
  let rest = sentence
  for (const { kind, regex, key } of PATTERNS) {
    rest = rest.replace(regex, (...args) => {
      // `replace` passes the match, its groups, then offset and whole string.
      const offset = args.findIndex((part, at) => at > 0 && typeof part === 'number')
      const match: Groups = args.slice(0, offset)
      const at: number = args[offset]
      const text = match[0] ?? ''
      const before = rest.slice(Math.max(0, at - 12), at)
      const unitless = kind === 'count' && (match[3] === undefined || terms(match[3]).length === 0)
      if (unitless) return text
      if (kind !== 'date' && NAMES_A_THING.test(before)) return ' '.repeat(text.length)
      found.push({ at, value: { kind, text, key: `${kind}:${key(match)}` } })
      return ' '.repeat(text.length)
    })
  }
  return found.toSorted((a, b) => a.at - b.at).map(({ value }) => value)
}

function pattern(source: string): RegExp {
  return new RegExp(source, 'giu')
}

function toNumber(text: string | undefined): number {
  const word = NUMBER_WORDS.get((text ?? '').toLowerCase())
  if (word !== undefined) return word
  const digits = text ?? ''
  if (/^\d{1,3}([.,]\d{3})+$/.test(digits)) return Number(digits.replace(/[.,]/g, ''))
  const cut = Math.max(digits.lastIndexOf('.'), digits.lastIndexOf(','))
  if (cut < 0) return Number(digits)
  return Number(`${digits.slice(0, cut).replace(/[.,]/g, '')}.${digits.slice(cut + 1)}`)
}

function rangeKey(from: string | undefined, to: string | undefined, factor: number): string {
  const first = String(toNumber(from) * factor)
  return to === undefined ? first : `${first}-${toNumber(to) * factor}`
}

function durationKey(match: Groups): string {
  const unit = (match[3] ?? '').toLowerCase()
  const minutes = MINUTES.find(([start]) => start.test(unit))?.[1] ?? 1
  // Twelve months are a year, not 360 days.
  const months = minutes === 43_200 && match[2] === undefined ? toNumber(match[1]) : 0
  if (months > 0 && months % 12 === 0) return String((months / 12) * 525_600)
  return rangeKey(match[1], match[2], minutes)
}

const currency = (sign: string | undefined): string => {
  const lower = (sign ?? '').toLowerCase()
  return CURRENCIES.get(lower) ?? CURRENCIES.get(lower.replace(/s$/, '')) ?? lower
}

const monthNumber = (name: string | undefined): string =>
  String(MONTHS.indexOf((name ?? '').slice(0, 3).toLowerCase()) + 1)

const dateKey = (year?: string, month?: string, day?: string): string =>
  [year, month, day].map((part) => (part === undefined ? '' : Number(part))).join('-')

function timeKey(match: Groups): string {
  const half = match[3]?.toLowerCase()
  const hour = Number(match[1] ?? match[4])
  const shifted = half === undefined ? hour : (hour % 12) + (half === 'p' ? 12 : 0)
  return `${shifted}:${match[2] ?? match[5] ?? '00'}`
}

/** Phrases with a negative word that deny nothing. */
const NOT_A_DENIAL =
  /\b(?:not only|no(?:t)? (?:later|more|less|fewer|earlier) than|no matter|not to mention)\b/giu
const DENIAL =
  /(?:\b(?:not|never|no|cannot|none|neither|without|nicht|kein\w*|nie|jamais|nunca)\b|n['’]t\b)/iu
const CONDITION = /\b(?:unless|except|only|but|however|although|if|when|außer)\b/iu

export const denies = (sentence: string): boolean => DENIAL.test(sentence.replace(NOT_A_DENIAL, ' '))
export const isConditional = (sentence: string): boolean => CONDITION.test(sentence)
/** A sentence that limits a rule. */
export const isException = (sentence: string): boolean =>
  denies(sentence) || /\b(?:unless|except\w*|only|however|excluded|paused|limited)\b/iu.test(sentence)

/** Kinds of value that would answer the question; empty when it does not ask for one. */
export function expectedKinds(question: string): ValueKind[] {
  const text = question.toLowerCase()
  if (/\b(how (long|quickly|fast|soon)|wie lange|combien de temps|cuánto tiempo)\b/.test(text))
    return ['duration']
  if (/\b(how (many|often)|number of)\b/.test(text)) return ['count', 'number', 'duration']
  if (/\b(how much|price|cost|fee|wie viel)\b/.test(text)) return ['money', 'percent', 'number']
  if (/\b(what time|opening hours)\b/.test(text)) return ['time']
  if (/\b(when|what date|which day|since when|wann|quand|cuándo)\b/.test(text))
    return ['date', 'time', 'duration']
  return []
}
