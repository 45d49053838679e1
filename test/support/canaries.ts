/**
 * Owns made-up secrets of many kinds: each shaped like a real one around a body that is found nowhere else, so
 * that a search for the body tells whether any of it got through.
 */

export interface Canary {
  kind: string
  /** The text as an agent, a tool or a person would write it. */
  text: string
  /** The part nobody may keep. */
  secret: string
}

const ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** Pseudo-random letters and digits: the same for the same seed. */
function body(seed: number, length: number, alphabet: string): string {
  let state = (seed * 2_654_435_761 + 97) >>> 0
  let text = ''
  for (let at = 0; at < length; at += 1) {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + at * 7_919 + 1) >>> 0
    // A digit now and then, as in real ones.
    text += at % 5 === 3 ? String(state % 10) : (alphabet[(state >>> 8) % alphabet.length] ?? 'x')
  }
  return text
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** A shape takes a seed and gives a text with its secret. */
type Shape = (seed: number) => Omit<Canary, 'kind'>

const around =
  (before: string, length: number, after = '', alphabet = ALPHABET): Shape =>
  (seed) => {
    const secret = body(seed, length, alphabet)
    return { text: `${before}${secret}${after}`, secret }
  }

const hex = (before: string, length: number): Shape => around(before, length, '', 'abcdef')

export const SHAPES: Readonly<Record<string, Shape>> = {
  'aws-access-key': around('AKIA', 16, '', 'ABCDEFGHJKLMNPQRSTUVWXYZ'),
  'aws-secret-key': around('aws_secret_access_key = "', 40, '"'),
  'github-token': around('ghp_', 36),
  'github-fine-grained': around('github_pat_', 60),
  'gitlab-token': around('glpat-', 20),
  'slack-token': around('xoxb-', 40),
  'slack-webhook': around('https://hooks.slack.com/services/T0000/B0000/', 24),
  'stripe-key': around('sk_live_', 24),
  'openai-key': around('sk-proj-', 48),
  'anthropic-key': around('sk-ant-api03-', 60),
  'google-api-key': around('AIza', 35),
  'google-token': around('ya29.', 60),
  'npm-token': around('npm_', 36),
  'pypi-token': around('pypi-AgEIcHlwaS5vcmc', 60),
  sendgrid: (seed) => {
    const secret = body(seed, 43, ALPHABET)
    return { text: `SG.${body(seed + 1, 22, ALPHABET)}.${secret}`, secret }
  },
  twilio: hex('SK', 32),
  'azure-account-key': (seed) => {
    const secret = body(seed, 86, ALPHABET)
    return { text: `AccountName=logs;AccountKey=${secret}==;EndpointSuffix=core.windows.net`, secret }
  },
  digitalocean: hex('dop_v1_', 64),
  heroku: around('HEROKU_API_KEY=', 36),
  telegram: (seed) => {
    const secret = body(seed, 33, ALPHABET)
    return { text: `110201543:AA${secret}`, secret }
  },
  jwt: (seed) => {
    const secret = body(seed, 43, ALPHABET)
    const part = (value: object) => base64(JSON.stringify(value)).replaceAll('=', '')
    return { text: `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: '1234567890' })}.${secret}`, secret }
  },
  bearer: around('Authorization: Bearer ', 32),
  basic: (seed) => {
    const secret = base64(`admin:${body(seed, 16, ALPHABET)}`)
    return { text: `curl -H "Authorization: Basic ${secret}" https://example.com`, secret: secret.slice(8) }
  },
  cookie: (seed) => {
    const secret = body(seed, 24, ALPHABET)
    return { text: `Set-Cookie: session=${secret}; HttpOnly; Path=/`, secret }
  },
  pem: (seed) => {
    const lines = [0, 1, 2, 3].map((line) => body(seed * 10 + line, 64, ALPHABET))
    const text = `-----BEGIN RSA PRIVATE KEY-----\n${lines.join('\n')}\n-----END RSA PRIVATE KEY-----`
    return { text, secret: lines[2] ?? '' }
  },
  'url-password': (seed) => {
    const secret = body(seed, 18, ALPHABET)
    return { text: `postgres://app:${secret}@db.example.com:5432/main`, secret }
  },
  'sql-connection': (seed) => {
    const secret = body(seed, 18, ALPHABET)
    return { text: `Server=db;Database=main;User Id=app;Password=${secret};Encrypt=True`, secret }
  },
  'oauth-code': (seed) => {
    const secret = body(seed, 30, ALPHABET)
    return { text: `https://app.example.com/callback?code=${secret}&state=xyz`, secret }
  },
  'access-token-in-url': (seed) => {
    const secret = body(seed, 30, ALPHABET)
    return { text: `GET /v1/me?access_token=${secret}&fields=id HTTP/1.1`, secret }
  },
  'client-secret-in-form': (seed) => {
    const secret = body(seed, 30, ALPHABET)
    return { text: `grant_type=client_credentials&client_id=app&client_secret=${secret}`, secret }
  },
  'env-dump': (seed) => {
    const secret = body(seed, 20, ALPHABET)
    return { text: `PATH=/usr/bin\nPAYMENTS_SECRET=${secret}\nHOME=/root`, secret }
  },
  'json-password': around('{"user":"ann","password":"', 14, '"}'),
  'json-in-json': around('{"body":"{\\"api_key\\":\\"', 24, '\\"}"}'),
  'yaml-password': around('database:\n  password: ', 14, '\n  host: db'),
  'command-line': around('deploy --token ', 24, ' --verbose'),
  'xml-password': around('<user>ann</user><password>', 14, '</password>'),
  huggingface: around('hf_', 34),
}

export const KINDS = Object.keys(SHAPES)

export const canary = (kind: string, seed: number): Canary => {
  const shape = SHAPES[kind]
  if (shape === undefined) throw new Error(`no canary of kind ${kind}`)
  return { kind, ...shape(seed) }
}

/** Canaries of all kinds in turn, no two alike. */
export const canaries = (count: number): readonly Canary[] =>
  Array.from({ length: count }, (_, at) => canary(KINDS[at % KINDS.length] ?? '', at + 1))

/** Eight signs of the secret in a row anywhere in the text: enough to say that it got through. */
export function leaked(text: string, { secret }: Canary): boolean {
  for (let at = 0; at + 8 <= secret.length; at += 4) if (text.includes(secret.slice(at, at + 8))) return true
  return false
}
