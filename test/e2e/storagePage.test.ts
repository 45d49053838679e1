/** The page about what is stored: sizes, deleting with a preview, writing out and taking in, in a real browser. */
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { CLEAR } from './support/app.ts'
import type { App } from './support/app.ts'
import { browserForFile, eventually } from './support/browser.ts'
import { stored } from './support/database.ts'

const { open } = browserForFile()

async function visit(app: App): Promise<void> {
  await app.get('ledger-status').click()
  await app.get('storage-link').click()
  await app.get('storage-page').waitFor()
  await app.get('storage-facts').waitFor()
}

async function exported(app: App): Promise<string> {
  const downloading = app.page.waitForEvent('download')
  await app.get('export-button').click()
  const download = await downloading
  return readFile(await download.path(), 'utf8')
}

const file = (text: string, name = 'runs.jsonl') => ({ name, mimeType: '', buffer: Buffer.from(text) })

test('an empty ledger says that there is nothing to export or delete', async () => {
  const app = await (await open()).open()
  await visit(app)
  expect(await app.get('storage-facts').innerText()).toMatch(/0 workflow runs, 0 agent runs/)
  expect(await app.get('nothing-to-export').count()).toBe(1)
  expect(await app.get('export-button').count()).toBe(0)
  expect(await app.get('preview-button').count()).toBe(0)
  // The panel it was reached from is closed.
  expect(await app.get('storage-link').isVisible()).toBe(false)
})

test('A2 what is exported here is imported elsewhere, seen before it is written, and exported the same', async () => {
  const app = await (await open()).open()
  const path = await app.finish()
  const report = await app.report()
  const one = await exported(app)
  await visit(app)
  const all = await exported(app)
  expect(one).toBe(all)
  expect(await app.get('export-said').innerText()).toContain('line')

  const other = await (await open()).open('/storage')
  await other.get('import-input').setInputFiles(file(all))
  await other.get('import-diff').waitFor()
  expect(await other.get('import-diff').innerText()).toContain('Nothing has been written yet')
  expect([await stored(other.page, 'segments'), await stored(other.page, 'bundles')]).toEqual([0, 0])
  await other.get('import-button').click()
  await other.get('import-result').waitFor()
  expect(await other.get('import-result').innerText()).toMatch(
    /\d+ events imported: \d+ new runs, 0 continued/,
  )
  expect(await exported(other)).toBe(all)
  await other.open(path)
  await other.status('completed')
  expect(await other.report()).toBe(report)

  // Twice is once.
  await other.open('/storage')
  await other.get('import-input').setInputFiles(file(all))
  await eventually(() => other.get('import-button').innerText()).toBe('Nothing to import')
})

test('a file that is nothing we know is refused with a reason that goes away, broken lines are named', async () => {
  const app = await (await open()).open('/storage')
  await app.get('import-input').setInputFiles(file('hello', 'notes.txt'))
  await eventually(() => app.get('open-error').locator('p').innerText()).toBe(
    'notes.txt is no run of harn, no session log and no archive of a run ledger.',
  )
  const lines = [
    '{"format":"run-ledger-archive","version":1}',
    '{"log":"r:a","head":1}',
    'broken',
    '{"end":{"logs":1}}',
  ]
  await app.get('import-input').setInputFiles(file(lines.join('\n')))
  await app.get('import-diff').waitFor()
  expect(await app.get('import-diff').innerText()).toContain('Line 3 is not JSON.')
  expect(await app.get('open-error').count()).toBe(0)
})

test('an archive can be dropped', async () => {
  const app = await (await open()).open('/storage')
  const dropped = await app.page.evaluateHandle(() => {
    const transfer = new DataTransfer()
    const text = '{"format":"run-ledger-archive","version":1}\n{"end":{"logs":0}}\n'
    transfer.items.add(new File([text], 'dropped.jsonl'))
    return transfer
  })
  await app.get('import-drop').dispatchEvent('drop', { dataTransfer: dropped })
  await app.get('import-diff').waitFor()
  expect(await app.get('import-diff').innerText()).toContain('dropped.jsonl')
})

test('old runs are shown before they are deleted, and are gone after a reload', async () => {
  const app = await (await open()).open()
  await app.finish()
  await app.open('/')
  const kept = await app.finish(CLEAR.replace('long', 'exactly long'))
  await app.open('/storage')
  await app.get('preview-button').click()
  expect(await app.page.getByRole('alert').innerText()).toBe('Fill in one of the two.')
  await app.get('max-age').fill('365')
  await app.get('preview-button').click()
  await app.get('preview-empty').waitFor()
  expect(await app.get('preview-empty').innerText()).toContain('2 within the limits')

  await app.get('max-age').fill('')
  await app.get('max-runs').fill('1')
  // A preview of other limits is not left standing.
  expect(await app.get('preview-empty').count()).toBe(0)
  await app.get('max-runs').press('Enter')
  await app.get('preview').waitFor()
  expect(await app.get('planned-tree').allInnerTexts()).toEqual([expect.stringContaining(CLEAR)])
  const before = await stored(app.page, 'workflows')
  await app.get('prune-button').click()
  await app.get('prune-result').waitFor()
  expect(await app.get('prune-result').innerText()).toMatch(/^1 run deleted, \d+ events with them\./)
  expect([before, await stored(app.page, 'workflows')]).toEqual([2, 1])
  await eventually(() => app.get('storage-facts').innerText()).toMatch(/1 workflow run,/)

  await app.open('/')
  expect(await app.get('run-row').count()).toBe(1)
  expect(await app.get('health-banner').count()).toBe(0)
  await app.open(kept)
  await app.status('completed')
})

test('the answer of the browser about keeping the data is shown with what it means', async () => {
  const app = await (await open()).open('/storage')
  await app.get('persist-button').waitFor()
  expect(await app.get('storage-facts').innerText()).toContain('Not promised')
  await app.get('persist-button').click()
  await eventually(() => app.get('persist-button').count()).toBe(0)
  expect(await app.get('storage-facts').innerText()).toMatch(/Yes\. It stays|No\. The browser was asked/)
})

test('W6 what was deleted does not come back from the second copy when the browser loses the first', async () => {
  const app = await (await open()).open()
  await app.finish()
  await app.open('/')
  const kept = await app.finish(CLEAR.replace('long', 'exactly long'))
  const report = await app.report()
  await app.open('/storage')
  await app.get('max-runs').fill('1')
  await app.get('preview-button').click()
  await app.get('prune-button').click()
  await app.get('prune-result').waitFor()

  await app.leave()
  await app.page.evaluate(
    () =>
      new Promise<void>((resolve, reject) => {
        const deleting = indexedDB.deleteDatabase('run-ledger:demo')
        deleting.addEventListener('success', () => resolve())
        deleting.addEventListener('error', () => reject(deleting.error))
      }),
  )
  await app.open('/')
  await eventually(() => app.get('run-row').count()).toBe(1)
  await app.open(kept)
  await app.status('completed')
  expect(await app.report()).toBe(report)
})
