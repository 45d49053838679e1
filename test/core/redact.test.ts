/** Secrets are found by their look and by their name; nothing else is touched. SPEC S1. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { defaultRedact, redactBeginning, redactId, redactText } from '../../src/core/redact.ts'
import { createRedaction } from '../../src/core/redaction.ts'
import { createLiveText, HELD_LIMIT } from '../../src/core/redactLive.ts'
import { secretNameKind } from '../../src/core/secretNames.ts'
import { ADDRESS_PATTERNS, redactCards, SECRET_PATTERNS } from '../../src/core/secrets.ts'
import { canaries, canary, KINDS, leaked } from '../support/canaries.ts'
import { property } from '../support/property.ts'
import { decoded, RUN } from './support/histories.ts'
import { ORDINARY } from './support/ordinary.ts'

/** Known by their length, their end or what is encoded in them: cut, they are letters like others. */
const MARKLESS = new Set(['slack-webhook', 'twilio', 'telegram', 'basic'])

describe('secrets', () => {
  test('S1 there are kinds enough to speak of', () => {
    expect(KINDS.length).toBeGreaterThanOrEqual(25)
    expect(SECRET_PATTERNS.length).toBeGreaterThanOrEqual(40)
  })

  test.each(KINDS)('S1 %s is removed, and what is around it stays', (kind) => {
    const one = canary(kind, 7)
    const kept = redactText(`The agent wrote: ${one.text} and went on.`)
    expect(leaked(kept, one), kept).toBe(false)
    expect(kept).toMatch(/^The agent wrote: .*\[redacted:[a-z-]+\]/s)
    expect(kept).toMatch(/and went on\.$/)
  })

  test.each(KINDS)('S1 %s is removed from JSON in a text, wherever a line of it began', (kind) => {
    const one = canary(kind, 3)
    const preview = JSON.stringify({ quotes: [`First line.\n${one.text}\tand "on"`], deep: { at: one.text } })
    const event = { log: 'r:a', stream: 's', position: 1, timestamp: 1, type: 'run.transitioned' } as const
    const kept = createRedaction().event({
      ...event,
      payload: {
        to: 'completed',
        trigger: 'result_received',
        result: { preview, chars: preview.length, ref: null },
      },
    })
    const { result } = kept.payload as { result: { preview: string; redacted?: true } }
    expect(leaked(result.preview, one), result.preview).toBe(false)
    expect(result.redacted).toBe(true)
    expect(JSON.parse(result.preview)).toMatchObject({ quotes: [expect.stringMatching(/^First line\.\n/)] })
  })

  test('S1 JSON in a text stays as it is spelled when it holds no secret', () => {
    const preview = '{ "a" : "b\\n\\u00e4" }'
    const redaction = createRedaction()
    expect(redaction.command({ text: preview })).toEqual({ text: preview })
    expect(redaction.command({ text: `${'['.repeat(100_000)}"\\n"` })).toBeDefined()
  })

  test('S1 redacting twice is redacting once, and the same every time', () => {
    for (const { text } of canaries(200)) {
      const once = redactText(text)
      expect(redactText(once)).toBe(once)
      expect(redactText(text)).toBe(once)
    }
  })

  test.each(ORDINARY)('S1 ordinary text stays as it is: %#', (text) => {
    expect(redactText(text)).toBe(text)
  })

  test.each([
    ['password', 'hunter2'],
    ['dbPassword', 'correct horse battery'],
    ['DB_PASS', 'hunter2'],
    ['Authorization', 'Bearer abcdefgh12345'],
    ['x-api-key', 'abcdefgh'],
    ['apiKey', 'abcdefgh'],
    ['refresh_token', 'abcdefgh'],
    ['clientSecret', 'abc'],
    ['Set-Cookie', 'a=b'],
    ['connectionString', 'Server=x'],
  ])('S1 what stands under %s is removed', (name, value) => {
    expect(defaultRedact(value, name)).toMatch(/^\[redacted:[a-z-]+\]$/)
  })

  test.each([
    'tokens',
    'inputTokens',
    'tokenCount',
    'max_tokens',
    'questionId',
    'key',
    'contentKey',
    'nextPageToken',
    'idempotencyKey',
    'author',
    'publicKey',
    'cacheKey',
    'passed',
    'bypass',
    'tokenizer',
    'sessionId',
    'PWD',
  ])('S1 %s is no name of a secret', (name) => {
    expect(secretNameKind(name)).toBeNull()
  })

  test('S1 a key that was cut off is removed as far as it goes', () => {
    const { text, secret } = canary('pem', 3)
    const cut = text.slice(0, text.indexOf(secret) + 40)
    expect(redactText(cut)).toBe('[redacted:private-key]')
    expect(redactText(`${cut}\n\nA paragraph of prose after it.`)).toContain('A paragraph of prose after it.')
  })

  test.each(KINDS)('S1 %s that was cut before it came here is removed as far as it goes', (kind) => {
    const one = canary(kind, 5)
    const at = one.text.indexOf(one.secret) + Math.min(one.secret.length - 1, 14)
    const cut = `Title: ${one.text.slice(0, at)}`
    for (const text of [cut, `${cut}…`, `${cut}... (more)`]) {
      // Without a mark of its own there is nothing to go by.
      if (MARKLESS.has(kind)) continue
      expect(leaked(redactText(text), one), redactText(text)).toBe(false)
    }
  })

  test('S1 cards are the choice of a host', () => {
    expect(redactText('4111 1111 1111 1111')).toBe('4111 1111 1111 1111')
    expect(redactCards('paid with 4111 1111 1111 1111.')).toBe('paid with [redacted:card].')
    expect(redactCards('order 4111111111111112')).toBe('order 4111111111111112')
  })

  test('S1 two secrets never become one id, and an id always meets itself', () => {
    const ids = canaries(200).map(({ text }) => `call ${text.slice(0, 180)}`)
    const kept = ids.map((id) => redactId(id, defaultRedact))
    expect(new Set(kept).size).toBe(new Set(ids).size)
    expect(kept).toEqual(ids.map((id) => redactId(id, defaultRedact)))
    expect(Math.max(...kept.map((id) => id.length))).toBeLessThanOrEqual(200)
    expect(redactId('6f9619ff-8b86-d011-b42d-00c04fc964ff', defaultRedact)).toHaveLength(36)
  })

  test('S1 the beginning of a text ends before what the cut went through', () => {
    for (const one of canaries(74)) {
      for (let cut = 1; cut < one.text.length; cut += 3) {
        const kept = redactBeginning(`Then it said: ${one.text.slice(0, cut)}`)
        expect(leaked(kept, one), kept).toBe(false)
      }
    }
  })
})

describe('linear', () => {
  test('S1 no pattern repeats without a bound, and no repeat holds a repeat of its own signs', () => {
    for (const { kind, pattern } of [...SECRET_PATTERNS, ...ADDRESS_PATTERNS]) {
      const bare = pattern.source.replaceAll(/\\./g, 'x').replaceAll(/\[[^\]]*\]/g, 'x')
      expect(bare, kind).not.toMatch(/[*+]|\{\d+,\}/)
      expect(bare, kind).not.toMatch(/\)\{/)
    }
  })

  // They end: a search that is not linear would take minutes for each of these, and the suite's patience is less.
  const MEGABYTE = 1024 * 1024
  test.each([
    'a',
    '-',
    'eyJ',
    'eyJ.',
    'eyJ_',
    '-----BEGIN PRIVATE KEY-----',
    '-----BEGIN',
    'password',
    'password="',
    "token='",
    'ghp_',
    'sk-',
    'sk-1',
    'SG.aaaaaaaaaaaaaaaa.',
    '://',
    '://a:',
    '://a:b',
    'Bearer ',
    'basic aaaaaaaa',
    '&code=1',
    '\\',
    'secret\\\\\\"',
    'Cookie: a=',
    'token_',
    '<password>',
    '--token ',
    'AAAAAAAAAAAAAAAA+',
    '8Q~',
  ])('S1 a megabyte of %j is searched', (unit) => {
    const text = unit.repeat(Math.ceil(MEGABYTE / unit.length))
    expect(redactText(text).length).toBeGreaterThan(0)
  })
})

describe('pieces', () => {
  const inPieces = (text: string, cuts: readonly number[]): string => {
    const live = createLiveText(defaultRedact)
    const ends = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].toSorted((a, b) => a - b)
    let shown = ''
    let from = 0
    for (const end of [...ends, text.length]) {
      shown += live.push(text.slice(from, end))
      from = end
    }
    return shown + live.end()
  }

  test.each(KINDS)('S1 %s cut in two at any place does not get through', (kind) => {
    const one = canary(kind, 11)
    const text = `Now ${one.text} and more`
    for (let cut = 0; cut <= text.length; cut += 1) {
      const shown = inPieces(text, [cut])
      expect(leaked(shown, one), `${cut}: ${shown}`).toBe(false)
      expect(shown).toMatch(/and more$/)
    }
  })

  property(
    'S1 a secret in any pieces does not get through, before its end and after',
    fc.record({
      kind: fc.constantFrom(...KINDS),
      seed: fc.integer({ min: 1, max: 10_000 }),
      before: fc.constantFrom('', 'So: ', 'the "', '{"text":"', 'x='),
      cuts: fc.array(fc.nat(), { maxLength: 12 }),
    }),
    ({ kind, seed, before, cuts }) => {
      const one = canary(kind, seed)
      expect(leaked(inPieces(`${before}${one.text} end`, cuts), one)).toBe(false)
      // Letter by letter, looked at after each.
      const live = createLiveText(defaultRedact)
      let shown = ''
      for (const letter of before + one.text) shown += live.push(letter)
      expect(leaked(shown, one)).toBe(false)
      expect(leaked(shown + live.end(), one)).toBe(false)
    },
  )

  test.each(ORDINARY.filter((text) => text.length < HELD_LIMIT))(
    'S1 ordinary text in pieces is itself: %#',
    (text) => {
      const letters = Array.from({ length: text.length }, (_, at) => at)
      expect(inPieces(`${text} `, letters)).toBe(`${text} `)
      expect(inPieces(`${text} `, [Math.floor(text.length / 2)])).toBe(`${text} `)
    },
  )

  test('S1 prose is not held back', () => {
    const live = createLiveText(defaultRedact)
    for (const piece of ['The warranty cov', 'ers two years', ', and the tok', 'en of appreciation']) {
      expect(live.push(piece)).toBe(piece)
    }
  })

  test('S1 what is held back is bounded, and nothing of it is shown', () => {
    const live = createLiveText(defaultRedact)
    let shown = ''
    for (let at = 0; at < 50; at += 1) shown += live.push(`ghp_${'A1b2C3d4'.repeat(100)}`)
    expect(shown).toBe('[redacted:too-long]')
    expect(live.push(' and on')).toBe(' and on')
  })

  test('S1 a key longer than what can be held is left out to its end', () => {
    const line = 'QkFTRTY0a1b2c3d4'.repeat(4)
    const live = createLiveText(defaultRedact)
    let shown = live.push('-----BEGIN PRIVATE KEY-----\n')
    for (let at = 0; at < 400; at += 1) shown += live.push(`${line}\n`)
    shown += live.push('-----END PRIV')
    shown += live.push('ATE KEY-----\nDone.')
    expect(shown).toBe('[redacted:private-key]\nDone.')
  })

  test("S1 a host's own pattern is found in words cut in two", () => {
    const live = createLiveText((text, name) =>
      defaultRedact(text, name).replaceAll(/ACME-\d{4}/g, '[redacted:acme]'),
    )
    const shown = ['My key is AC', 'ME-12', '34, and my password: hun', 'ter2x ok?', ' '].map((piece) =>
      live.push(piece),
    )
    expect(shown.join('')).toBe('My key is [redacted:acme], and my password: [redacted:password] ok? ')
  })
})

describe('capture none', () => {
  const said = 'the quick brown fox'
  const kept = (type: string, payload: object): string =>
    JSON.stringify(
      createRedaction({ capture: 'none' }).event(decoded({ log: RUN, type, payload, position: 1 })).payload,
    )

  test.each<[type: string, payload: object]>([
    ['run.registered', { prompt: said, metadata: { a: said }, agentd: { line: said } }],
    ['run.observed', { prompt: said, summary: said, metadata: { a: { b: said } }, agentd: { line: said } }],
    ['run.transitioned', { to: 'idle', trigger: 'spawn', metadata: { a: said }, figures: { text: said } }],
    ['foreign', { source: 'agentd', name: 'output', value: { line: said } }],
    ['agent.output', { line: said }],
    ['tool.started', { name: 'Bash', label: said, detail: said, args: said, agentd: said }],
    ['tool.finished', { name: 'Bash', label: said, detail: said, output: said, status: 'unknown', a: said }],
    ['usage.reported', { key: 'k', scope: 'own', figures: { line: said } }],
    ['question.asked', { questionId: 'q', prompt: 'Let it?', input: said, agentd: { line: said } }],
    ['question.settled', { questionId: 'q', state: 'answered', answer: { text: said } }],
    ['artifact.recorded', { name: 'a', mediaType: 'text/plain', content: said }],
    ['transcript.compacted', { before: 1, agentd: { line: said } }],
    ['handoff.recorded', { target: 'Ada', task: said, evidence: [said] }],
  ])('S1 nothing of what was said is left of %s, nor of what it carries beside', (type, payload) => {
    expect(kept(type, payload)).not.toContain(said)
  })

  test('S1 what a person is asked stays, with what can be answered', () => {
    const options = [{ value: 'approve', label: said }]
    expect(kept('question.asked', { questionId: 'q', prompt: said, options }).split(said)).toHaveLength(3)
  })
})
