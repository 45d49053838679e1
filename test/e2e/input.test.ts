/** What a person may do wrong, or drop in: each gets a plain word where they are looking. */
import { mkdtemp, open as openFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { App } from './support/app.ts'
import { browserForFile } from './support/browser.ts'

const { open } = browserForFile()

const file = (name: string, content: string | Uint8Array) => ({
  name,
  mimeType: 'application/octet-stream',
  buffer: Buffer.from(content),
})

/** Long enough to scroll. */
const BRIEFLY = { timeout: 3_000 }

const says = (app: App, text: RegExp): Promise<void> => app.page.getByText(text).first().waitFor()

/** Whether it is in the window, not somewhere above or below it. */
async function isInSight(app: App, text: RegExp): Promise<boolean> {
  await says(app, text)
  const box = await app.page.getByText(text).first().boundingBox()
  const { height } = app.page.viewportSize() ?? { height: 0 }
  return box !== null && box.y >= 0 && box.y + box.height <= height
}

const refusals = (app: App): Promise<string[]> => app.get('rejected-file').allInnerTexts()

test('a workflow definition that is refused says why, where the person pressed Start', async () => {
  // The app's own definition is sound; this is what a host with another one would see.
  const before = (): void => {
    const { postMessage } = Worker.prototype
    Worker.prototype.postMessage = function send(this: Worker, message: unknown) {
      const { command } = message as { command?: { verb: string; payload: { definition: object } } }
      if (command?.verb === 'start') Object.assign(command.payload.definition, { phases: [], concurrency: 0 })
      postMessage.call(this, message)
    }
  }
  const app = await (await open({ before })).open()
  await app.get('use-samples').click()
  await app.get('question-input').fill('How long is the warranty?')
  await app.get('start-button').click()
  await says(app, /phase/i)
  expect(await app.page.getByRole('alert').first().innerText()).toMatch(/phase[^]*concurrency/i)
  expect(app.path).toBe('/')
  expect(await app.get('run-row').count()).toBe(0)
})

test('a start without a question and documents says what is missing, next to it', async () => {
  const app = await (await open()).open()
  await app.get('start-button').click()
  await says(app, /^Write a question first/)
  await says(app, /^Choose at least one document/)
  expect(await app.get('question-input').getAttribute('aria-invalid')).toBe('true')
  expect(app.path).toBe('/')
  expect(await app.get('run-row').count()).toBe(0)

  await app.get('question-input').fill('?!')
  await app.get('use-samples').click()
  await app.get('start-button').click()
  await says(app, /has no words/)
  await app.get('question-input').fill(`Why? ${'x'.repeat(3_000)}`)
  await app.get('start-button').click()
  await says(app, /3,005 characters; at most 2,000/)
  expect(await app.get('run-row').count()).toBe(0)
})

test('files that cannot be read are refused by name and reason, the others are taken', async () => {
  const app = await (await open()).open()
  const folder = await mkdtemp(join(tmpdir(), 'run-ledger-files-'))
  const large = join(folder, 'large.txt')
  // Sparse: it has the size, the disk does not.
  const handle = await openFile(large, 'w')
  await handle.truncate(50 * 1024 * 1024)
  await handle.close()

  await app.get('file-input').setInputFiles(large)
  await says(app, /The file has 50 MB; at most 5 MB/)
  await rm(folder, { recursive: true })

  await app.get('file-input').setInputFiles([
    file('empty.md', ''),
    file('blank.md', '  \n\n '),
    file(
      'binary.txt',
      Uint8Array.from({ length: 4_096 }, (_, at) => (at * 37) % 256),
    ),
    file('photo.png', 'PNG'),
    file('notes.md', '# Notes\n\nReturns are free within 30 days.'),
  ])
  await says(app, /The file is empty/)
  await says(app, /holds no text/)
  await says(app, /not text: it holds binary content/)
  await says(app, /\.png files are not read/)
  const names = (await refusals(app)).map((text) => text.split('\n')[0])
  expect(names).toEqual(['empty.md', 'blank.md', 'binary.txt', 'photo.png'])
  expect(await app.get('document').count()).toBe(1)
})

test('names that would be code or a prototype are names, from the picker to the report', async () => {
  const app = await (await open()).open()
  const script = '<script>alert(1)</script>.md'
  const image = '<img src=x onerror=alert(2)>.md'
  await app
    .get('file-input')
    .setInputFiles([
      file('__proto__', 'Returns are accepted within 30 days of delivery.'),
      file('constructor', 'The <b>warranty</b> lasts two years. [click](javascript:alert(3))'),
      file(script, '# Returns\n\nReturns are accepted within 30 days of delivery, by post.'),
      file(image, '# Returns\n\nReturns are accepted within 14 days of delivery.'),
    ])
  // Files are read one by one, off the click.
  await app.get('document').nth(3).waitFor()
  const taken = await app.get('document').locator('bdi').allInnerTexts()
  expect(taken.slice(0, 2)).toEqual(['__proto__', 'constructor'])
  expect(taken).toHaveLength(4)

  await app.get('pace-switch').uncheck()
  await app.get('question-input').fill('Until when are <i>returns</i> accepted? ${1} {{x}} __proto__')
  await app.start()
  await app.page.locator('[data-testid=question], [data-testid=report]').first().waitFor()
  if ((await app.get('question').count()) > 0) await app.answer(0)
  await app.status('completed')
  const report = await app.report()
  expect(report).toContain('__proto__')
  expect(report).toContain('onerror=alert(2)')
  const foreign = app.page.locator('main script, main img, main i, main b, a[href^="javascript:"]')
  expect(await foreign.count()).toBe(0)

  await app.reload()
  expect(await app.report()).toBe(report)
})

test('a question beyond all documents is asked back, and ends in an honest report', async () => {
  const app = await (await open()).open()
  await app.ask('How many weeks of parental leave do employees get?')
  expect(await app.get('question').innerText()).toContain('No document says anything')
  await app.answer(1)
  await app.status('completed')
  expect(await app.report()).toMatch(/no document|nothing/i)
})

test('whoever presses Start without a question sees why it does not start', async () => {
  const app = await (await open()).open()
  await app.get('use-samples').click()
  await app.get('start-button').click()
  await expect.poll(() => isInSight(app, /^Write a question first/), BRIEFLY).toBe(true)
})

test('whoever chooses a file that is refused sees why, without looking for it', async () => {
  const app = await (await open()).open()
  await app.get('file-input').setInputFiles([file('photo.png', 'PNG')])
  await expect.poll(() => isInSight(app, /\.png files are not read/), BRIEFLY).toBe(true)
})
