/**
 * Owns which texts are secrets by their look: one row per kind, with the four-letter anchors its texts cannot
 * do without. Every repeat is bounded, none is inside another without a bound: a search is linear. SPEC S1.
 */

export interface SecretPattern {
  /** Shown in place of what was removed: `[redacted:<kind>]`. */
  kind: string
  /**
   * Every match holds one of these, upper or lower case alike; a `?` is any character. Exactly four long: they
   * decide in one pass over a text whether a pattern is tried at all.
   */
  anchors: readonly string[]
  /** Global. A first group is kept, the rest of the match is removed. */
  pattern: RegExp
}

/** Not in the middle of a longer word. */
const token = (body: string): RegExp => new RegExp(`(?<![A-Za-z0-9])(?:${body})`, 'g')

const HEX = '0123456789abcdef'
const twilioAnchors = [...HEX].flatMap((one) => [...HEX].map((two) => `sk${one}${two}`))

type Row = readonly [kind: string, anchors: string, body: string]

/** Tokens that carry their issuer's mark. */
const MARKED: readonly Row[] = [
  ['aws-access-key', 'akia asia abia acca', '(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])'],
  ['github-token', 'gho_ ghp_ ghs_ ghu_ ghr_', 'gh[opsur]_[A-Za-z0-9]{30,255}'],
  ['github-token', '_pat', 'github_pat_[A-Za-z0-9_]{30,255}'],
  [
    'gitlab-token',
    'pat- ldt- lrt- oat- cbt- ptt- lft- imt- ent- oas-',
    'gl(?:pat|dt|rt|soat|cbt|ptt|ft|imt|agent|oas)-[A-Za-z0-9_.-]{20,64}',
  ],
  ['slack-token', 'xox? app-', 'xox[abeoprs]-[A-Za-z0-9-]{10,250}|xapp-\\d-[A-Za-z0-9-]{10,250}'],
  ['slack-webhook', 'lack', 'hooks\\.slack\\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/_-]{20,120}'],
  ['stripe-key', 'sk_l sk_t sk_p rk_l rk_t rk_p', '[sr]k_(?:live|test|prod)_[A-Za-z0-9]{10,250}'],
  ['stripe-key', 'sec_', 'whsec_[A-Za-z0-9+/=]{20,128}'],
  ['anthropic-key', 'sk-a', 'sk-ant-[A-Za-z0-9_-]{20,250}'],
  // A digit somewhere, or it is a name with hyphens.
  ['openai-key', 'sk-?', 'sk-(?=[A-Za-z_-]{0,120}\\d)[A-Za-z0-9_-]{20,250}'],
  ['google-api-key', 'aiza', 'AIza[A-Za-z0-9_-]{30,60}'],
  ['google-token', 'a29.', 'ya29\\.[A-Za-z0-9_.-]{20,500}'],
  ['google-token', 'spx-', 'GOCSPX-[A-Za-z0-9_-]{20,64}'],
  ['google-token', '4/0a 1//0', '(?:4/0A|1//0)[A-Za-z0-9_-]{20,150}'],
  ['npm-token', 'npm_', 'npm_[A-Za-z0-9]{36,64}'],
  ['pypi-token', 'ypi-', 'pypi-[A-Za-z0-9_-]{50,300}'],
  ['sendgrid-key', 'sg.?', 'SG\\.[A-Za-z0-9_-]{16,32}\\.[A-Za-z0-9_-]{32,64}'],
  ['azure-secret', '7q~? 8q~?', '[A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{31,40}'],
  ['digitalocean-token', '_v1_', 'do[opr]_v1_[a-f0-9]{64}'],
  ['heroku-key', 'rku-', 'HRKU-[A-Za-z0-9_-]{30,80}'],
  ['telegram-token', ':aa?', '\\d{8,10}:AA[A-Za-z0-9_-]{30,40}'],
  ['huggingface-token', 'hf_?', 'hf_[A-Za-z0-9]{30,64}'],
  ['vault-token', 'hvs. hvb. hvr.', 'hv[sbr]\\.[A-Za-z0-9_-]{20,300}'],
  ['shopify-token', 'pat_ pca_ ppa_ pss_', 'shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}'],
  ['docker-token', 'ckr_', 'dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,64}'],
  ['databricks-token', 'dapi', 'dapi[a-f0-9]{32}(?:-\\d)?'],
  ['grafana-token', 'lsa_ glc_', '(?:glsa_|glc_)[A-Za-z0-9_+/=]{20,250}'],
  ['newrelic-key', 'rak-', 'NRAK-[A-Z0-9]{20,40}'],
  ['linear-key', 'lin_', 'lin_(?:api|oauth)_[A-Za-z0-9]{20,80}'],
  ['notion-token', 'ntn_ ret_', '(?:ntn|secret)_[A-Za-z0-9]{40,60}'],
  ['figma-token', 'igd_', 'figd_[A-Za-z0-9_-]{30,64}'],
  ['groq-key', 'gsk_', 'gsk_[A-Za-z0-9]{40,80}'],
  ['xai-key', 'xai-', 'xai-[A-Za-z0-9]{40,120}'],
  ['perplexity-key', 'plx-', 'pplx-[A-Za-z0-9]{40,80}'],
  ['replicate-token', 'r8_?', 'r8_[A-Za-z0-9]{35,45}'],
  ['planetscale-token', 'ale_', 'pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_=.-]{20,80}'],
  ['postman-key', 'mak-', 'PMAK-[a-f0-9]{24}-[a-f0-9]{34}'],
  ['mailgun-key', 'key-', 'key-[0-9a-f]{32}(?![0-9A-Za-z])'],
  ['square-token', 'sq0?', 'sq0[a-z]{3}-[A-Za-z0-9_-]{22,60}'],
  ['discord-webhook', 'hook', 'discord(?:app)?\\.com/api/webhooks/\\d{10,25}/[A-Za-z0-9_-]{40,100}'],
  ['supabase-token', 'sbp_', 'sbp_[a-f0-9]{40}'],
  ['sentry-token', 'rys_ ryu_', 'sntr(?:ys|yu)_[A-Za-z0-9+/=_-]{30,300}'],
  ['atlassian-token', 'tatt', 'ATATT3[A-Za-z0-9_=-]{50,300}'],
  ['rubygems-key', 'ems_', 'rubygems_[a-f0-9]{48}'],
  ['age-key', 'key-', 'AGE-SECRET-KEY-1[A-Z0-9]{58}'],
]

/** Sources cut titles and previews: the beginning of a token before an ellipsis, or at the end of the text. */
const CUT = '(?=…|\\.\\.\\.|$)'
const CUT_MARKS: Row = [
  'cut-token',
  'gho_ ghp_ ghs_ ghu_ ghr_ _pat pat- xox? app- sk_l sk_t rk_l sk-? akia asia aiza a29. spx- npm_ ypi- sg.? _v1_ hf_? hvs.',
  `(?:gh[opsur]_|github_pat_|glpat-|xox[abeoprs]-|xapp-\\d-|[sr]k_(?:live|test)_|sk-|AKIA|ASIA|AIza|ya29\\.|GOCSPX-|npm_|pypi-|SG\\.|do[opr]_v1_|hf_|hvs\\.)(?=[A-Za-z_.-]{0,60}\\d)[A-Za-z0-9_.-]{6,250}${CUT}`,
]

export const SECRET_PATTERNS: readonly SecretPattern[] = [
  ...[...MARKED, CUT_MARKS].map(([kind, anchors, body]) => ({
    kind,
    anchors: anchors.split(' '),
    pattern: token(body),
  })),
  { kind: 'twilio-key', anchors: twilioAnchors, pattern: token('SK[0-9a-f]{32}(?![0-9A-Za-z])') },
]

/** Secrets in addresses: known by their place, not by their letters. */
export const ADDRESS_PATTERNS: readonly SecretPattern[] = [
  {
    kind: 'url-password',
    anchors: ['://?'],
    pattern: /(:\/\/[^\s:@/?#"'<>`]{0,128}:)[^\s/?#"'<>`]{1,256}(?=@)/g,
  },
  {
    // A token in the place of the user: long, and with a digit.
    kind: 'url-password',
    anchors: ['://?'],
    pattern: /(:\/\/)(?=[A-Za-z_-]{0,256}\d)[A-Za-z0-9_-]{16,256}(?=@)/g,
  },
  {
    // Cut before the `@`; a port has no letters.
    kind: 'url-password',
    anchors: ['://?'],
    pattern: new RegExp(
      `(://[^\\s:@/?#"'<>\`[\\]]{1,128}:)(?=\\d{0,5}[A-Za-z])[^\\s/?#@"'<>\`.…]{3,256}${CUT}`,
      'g',
    ),
  },
  { kind: 'oauth-code', anchors: ['ode='], pattern: /([?&]code=)[A-Za-z0-9%._~/+-]{10,1000}/g },
  { kind: 'url-signature', anchors: ['sig='], pattern: /([?&;]sig=)[A-Za-z0-9%+/=_-]{20,200}/g },
  {
    kind: 'url-signature',
    anchors: ['ure='],
    pattern: /([?&]X-(?:Amz|Goog)-Signature=)[A-Fa-f0-9]{32,600}/gi,
  },
]

/**
 * Payment cards, in groups or bare, that pass the check digit. Not among the defaults: one number in ten
 * passes, and order numbers and ids are numbers.
 */
export function redactCards(text: string): string {
  return text.replaceAll(/(?<![\d.-])[3-6]\d{3}(?:[ -]?\d{4}){2}[ -]?\d{1,7}(?![.-]?\d)/g, (found) =>
    passesLuhn(found) ? '[redacted:card]' : found,
  )
}

function passesLuhn(text: string): boolean {
  const digits = text.replaceAll(/\D/g, '')
  let sum = 0
  for (let at = 0; at < digits.length; at += 1) {
    const digit = Number(digits[digits.length - 1 - at])
    sum += at % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2
  }
  return digits.length >= 13 && sum % 10 === 0
}
