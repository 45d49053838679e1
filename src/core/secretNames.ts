/**
 * Owns which names promise a secret, as keys of objects and in front of `=` or `:` in texts: one answer for
 * `dbPassword`, `DB_PASSWORD` and `db-password`. Counts and cursors (`inputTokens`, `nextPageToken`) do not.
 */

/** The kind a name promises, or null. */
export function secretNameKind(name: string): string | null {
  const known = kinds.get(name)
  if (known !== undefined) return known
  const kind = judge(name)
  // Names come from outside: what is remembered of them is bounded.
  if (kinds.size >= KINDS_KEPT) kinds.clear()
  kinds.set(name, kind)
  return kind
}

const KINDS_KEPT = 2_000
const kinds = new Map<string, string | null>()

function judge(name: string): string | null {
  if (name.length < 3 || name.length > 100 || name === 'PWD' || name === 'OLDPWD') return null
  if (/[_.-](?:pass|pwd|pin)$/i.test(name)) return 'password'
  if (/[_.-]pat$/i.test(name)) return 'token'
  const plain = name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
  if (HARMLESS.has(plain)) return null
  return ENDINGS.find(([ending]) => ending.test(plain))?.[1] ?? null
}

const ENDINGS: readonly (readonly [ending: RegExp, kind: string])[] = [
  [/(?:passwords?|passwd|passphrase)$|^(?:pwd|otp|totp|cvv|cvc|cardnumber)$/, 'password'],
  [/(?:private|signing|encryption|master|secret|shared|sharedaccess|account|auth|host)keys?$/, 'secret-key'],
  [/(?:secrets?|secretkeybase|codeverifier|connectionstring)$/, 'secret'],
  [/(?:apikeys?|accesskeys?|apisecret|subscriptionkey|functionskey)$/, 'api-key'],
  [/(?:token|jwt|bearer|authcode|authorizationcode|otpcode)$/, 'token'],
  [/authorization$/, 'authorization'],
  [/cookies?$/, 'cookie'],
  [/credentials?$/, 'credential'],
]

/** Cursors of lists, and what language models call a token. */
const HARMLESS = new Set(
  [
    'nexttoken pagetoken nextpagetoken prevpagetoken previouspagetoken continuationtoken synctoken resumetoken',
    'canceltoken cancellationtoken eostoken bostoken padtoken unktoken stoptoken sentinel masktoken septoken',
    'newtoken lasttoken firsttoken maxtoken currenttoken publickey',
  ].flatMap((line) => line.split(' ')),
)

/** What stands where a secret would: types, words of an interface, and holes to be filled in. */
export function isPlaceholder(value: string): boolean {
  return WORDS.has(value.toLowerCase()) || HOLE.test(value)
}

const HOLE =
  /^(?:\[(?:redacted|not captured)|\$\{|\$\(|\$[A-Za-z_]|\{\{?|%[({]?[A-Za-z_]|<[A-Za-z_]|[*•.x]{3,}$|process\.env|os\.environ|import\.meta|env\.)/i

const WORDS = new Set(
  [
    'string number boolean object array null undefined none nil true false yes no any unknown required optional',
    'include omit same-origin bearer basic oauth oauth2 jwt apikey http header query cookie password token secret',
    'text hidden enabled disabled redacted readonly uint8array int32 int64 sha256 sha512 base64 utf8 utf-8',
  ].flatMap((line) => line.split(' ')),
)

/** Names as they are met inside a text; the whole word around a match is then judged like a key. */
export const NAME_IN_TEXT =
  /pass(?:word|wd|phrase)|secret|token|key|authorization|cookie|credential|connectionstring|verifier|pwd|jwt|[_-]pa(?:ss|t)/gi

/** Four letters each of those names has together with what may follow it. */
export const NAME_ANCHORS: readonly string[] = [
  'sswo sswd assp cret toke oriz ooki eden nstr ifie jwt? pwd? pike pi_k pi-k sske ss_k ss-k teke te_k te-k',
  'ngke ng_k ng-k onke on_k on-k erke er_k er-k edke ed_k ntke nt_k nt-k thke th_k ass= ass: ass" pat= pat: pat"',
].flatMap((line) => line.split(' '))
