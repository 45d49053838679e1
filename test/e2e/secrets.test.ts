/**
 * Secrets through the real app into a real profile. The browser is closed and its files are searched byte by byte,
 * then the database is read through a page.
 *
 * What the search of files can see: the write-ahead logs of LevelDB (`.log`), which hold every write as it was made
 * until they are compacted, and the files of OPFS. What it cannot see: blocks of `.ldb` files, which are compressed.
 * Those are read through the browser, which shows what is there and nothing of what was deleted.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import type { Page } from 'playwright'
import { expect, test } from 'vitest'
import { canaries, leaked } from '../support/canaries.ts'
import type { Canary } from '../support/canaries.ts'
import { browserForFile, eventually } from './support/browser.ts'

const { openProfile } = browserForFile()

/** Something that is no secret, so that a search that finds nothing is known to look at the right place. */
const CONTROL = 'marmalade harbour'

const PLANTED = canaries(200)
const IN_QUESTION = PLANTED.slice(0, 6)
const IN_DOCUMENT = PLANTED.slice(6, 37)
const IN_EVENTS = PLANTED.slice(37)

/** Where a page keeps things. */
const STORED =
  /^Default\/(?:IndexedDB|File System|Local Storage|Session Storage|WebStorage|Service Worker|databases)\b/

interface FileText {
  path: string
  /** As Latin-1, and as UTF-16 on even and odd places: texts lie in either. */
  texts: readonly string[]
}

async function filesOf(folder: string): Promise<FileText[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => {
        const path = join(entry.parentPath, entry.name)
        const bytes = await readFile(path)
        const texts = [
          bytes.toString('latin1'),
          bytes.toString('utf16le'),
          bytes.subarray(1).toString('utf16le'),
        ]
        return { path: relative(folder, path), texts }
      }),
  )
}

const holding = (files: readonly FileText[], one: Canary): string[] =>
  files.filter(({ texts }) => texts.some((text) => leaked(text, one))).map(({ path }) => path)

/** Runs in the page: a worker whose events are full of secrets. */
function tell(texts: readonly string[]): void {
  const timestamp = Date.now()
  let position = 0
  const event = (type: string, payload: object) => {
    position += 1
    return { log: 'r:careless', type, payload, timestamp, position: `careless ${position}` }
  }
  const events: unknown[] = [
    event('run.registered', { agentName: 'Careless', metadata: { env: texts.join('\n') } }),
  ]
  for (const text of texts) {
    const callId = `call ${text.slice(0, 100)}`
    events.push(
      event('tool.started', { callId, name: 'curl', args: JSON.stringify({ header: text }) }),
      event('text.delta', { kind: 'text', text: text.slice(0, 12) }),
      event('text.delta', { kind: 'text', text: `${text.slice(12)} ` }),
      event('tool.finished', {
        callId,
        status: 'failed',
        failure: `401 for ${text}`,
        output: `${'x '.repeat(2_000)}${text}`,
      }),
      event('checkpoint.saved', { state: `${'y '.repeat(2_000)}${text}` }),
      event('careless.extra', { list: [text] }),
      event('run.transitioned', { to: text }),
    )
  }
  window.e2e.hear({ runLedger: 2, kind: 'events', events })
}

/** Runs in a page of the origin: every key and value of every database, and every file of OPFS. */
async function everythingStored(): Promise<{ where: string; text: string }[]> {
  const found: { where: string; text: string }[] = []
  const asText = (value: unknown): string =>
    JSON.stringify(value, (_key, part: unknown) =>
      part instanceof ArrayBuffer || ArrayBuffer.isView(part)
        ? new TextDecoder().decode(part as ArrayBuffer)
        : part,
    ) ?? ''
  const wait = <Result>(request: IDBRequest<Result>): Promise<Result> =>
    new Promise((resolve, reject) => {
      request.addEventListener('success', () => resolve(request.result))
      request.addEventListener('error', () => reject(request.error))
    })
  for (const { name } of await indexedDB.databases()) {
    const db = await wait(indexedDB.open(name ?? ''))
    for (const store of db.objectStoreNames) {
      const [keys, values] = await Promise.all([
        wait(db.transaction(store).objectStore(store).getAllKeys()),
        wait(db.transaction(store).objectStore(store).getAll()),
      ])
      for (const [at, key] of keys.entries()) {
        found.push({ where: `${name}/${store}/${asText(key)}`, text: `${asText(key)} ${asText(values[at])}` })
      }
    }
    db.close()
  }
  const walk = async (folder: FileSystemDirectoryHandle, path: string): Promise<void> => {
    const entries = (folder as unknown as { values(): AsyncIterable<FileSystemHandle> }).values()
    for await (const entry of entries) {
      if (entry instanceof FileSystemDirectoryHandle) await walk(entry, `${path}/${entry.name}`)
      else if (entry instanceof FileSystemFileHandle) {
        found.push({ where: `${path}/${entry.name}`, text: await (await entry.getFile()).text() })
      }
    }
  }
  await walk(await navigator.storage.getDirectory(), 'opfs')
  return found
}

/** Records of the documents a person chose are theirs, as they are. */
const isDocument = ({ where }: { where: string }): boolean => where.includes('"doc:')

async function expectShownWithout(page: Page, planted: readonly Canary[]): Promise<void> {
  const shown = await page.locator('body').innerText()
  expect(planted.filter((one) => leaked(shown, one)).map(({ text }) => text)).toEqual([])
}

test('S1 secrets in questions, documents and events: none in the files of the profile, none in its stores', async () => {
  const profile = await mkdtemp(join(tmpdir(), 'run-ledger-secrets-'))
  try {
    const app = await (await openProfile(profile)).open()
    await app.get('pace-switch').setChecked(false)
    const question = `What does the ${CONTROL} guide say about deploys? ${IN_QUESTION.map(({ text }) => text).join(' and ')}`
    await app.get('question-input').fill(question.replaceAll('\n', ' '))
    const lines = IN_DOCUMENT.map(
      ({ text }) => `The ${CONTROL} guide says for deploys: use ${text.replaceAll('\n', ' ')} always.`,
    )
    const buffer = Buffer.from(`# Deploys\n\n${lines.join('\n\n')}\n`)
    await app.page
      .locator('input[type=file]')
      .first()
      .setInputFiles({ name: 'deploys.md', mimeType: 'text/markdown', buffer })
    await app.start()
    await eventually(() => app.page.locator('[data-testid=run-header]').getAttribute('data-status')).toMatch(
      /completed|failed|awaiting_user/,
    )
    await app.page.evaluate(
      tell,
      IN_EVENTS.map(({ text }) => text),
    )
    await eventually(() => app.get('quarantine-count').innerText()).toBe(String(IN_EVENTS.length))
    await expectShownWithout(app.page, [...IN_QUESTION, ...IN_DOCUMENT])
    await app.open('/runs/careless')
    await expectShownWithout(app.page, IN_EVENTS)
    await app.page.context().close()

    // As the browser left them.
    const files = await filesOf(profile)
    const stored = files.filter(({ path }) => STORED.test(path))
    expect(stored.filter(({ texts }) => texts.some((text) => text.includes(CONTROL))).length).toBeGreaterThan(
      0,
    )
    const secret = [...IN_QUESTION, ...IN_EVENTS]
    expect(secret.flatMap((one) => holding(stored, one).map((path) => `${one.kind} in ${path}`))).toEqual([])
    // A person's document is kept as it is, in the content store and nowhere else.
    expect(IN_DOCUMENT.filter((one) => holding(stored, one).length > 0).length).toBeGreaterThan(0)

    const again = await openProfile(profile)
    await again.open()
    await again.leave()
    const records = await again.page.evaluate(everythingStored)
    expect(records.filter(({ text }) => text.includes(CONTROL)).length).toBeGreaterThan(5)
    expect(records.filter(isDocument)).toHaveLength(1)
    // The second copy was there to be searched, and is not packed yet.
    const journal = records.filter(({ where }) => where.startsWith('opfs/'))
    expect(journal.some(({ text }) => text.includes(CONTROL))).toBe(true)
    const ours = records.filter((record) => !isDocument(record))
    const hits = PLANTED.flatMap((one) =>
      ours.filter(({ text }) => leaked(text, one)).map(({ where }) => `${one.kind} in ${where}`),
    )
    expect(hits).toEqual([])
    await again.page.context().close()
  } finally {
    await rm(profile, { recursive: true, force: true })
  }
})
