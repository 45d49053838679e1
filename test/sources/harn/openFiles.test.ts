/** Files and folders on their way into the app: all are found, and what is left out is said. */
import { expect, test } from 'vitest'
import { filesIn, filesOf, MOST_FILES } from '../../../app/lib/droppedFiles.ts'
import { describeImport, OPEN_LIMITS, readRuns } from '../../../app/lib/openRuns.ts'
import type { Reader } from '../../../app/lib/openRuns.ts'
import { importHarnFolder } from '../../../src/sources/harn/folder.ts'
import { record } from './support/records.ts'

const RUN = JSON.stringify(record())

/** As a browser tells of a dropped file, and of a folder: in pages, an empty one at the end. */
const fileEntry = (path: string, text = ''): FileSystemEntry =>
  ({
    isDirectory: false,
    fullPath: `/${path}`,
    file: (found: (file: File) => void) => found(new File([text], path)),
  }) as unknown as FileSystemEntry

function folderEntry(children: readonly FileSystemEntry[], page = 100): FileSystemEntry {
  const createReader = () => {
    let from = 0
    return {
      readEntries(found: (entries: readonly FileSystemEntry[]) => void) {
        found(children.slice(from, from + page))
        from += page
      },
    }
  }
  return { isDirectory: true, fullPath: '/', createReader } as unknown as FileSystemEntry
}

const many = (length: number) => Array.from({ length }, (_, n) => fileEntry(`runs/${n}.json`, RUN))

const read: Reader = async (files) =>
  importHarnFolder(files.map(({ path, bytes }) => ({ path, text: new TextDecoder().decode(bytes) })))

const NOTHING = { added: 1, repeated: 0, refused: 0, interrupted: 0 }

async function asidesOf(found: Parameters<typeof readRuns>[0]) {
  const opened = await readRuns(found, read)
  if (opened.kind !== 'runs') return expect.fail()
  return describeImport(opened.imported, NOTHING, opened.leftOut).asides
}

test('a dropped folder is found whole, page by page and level by level, each file with its place', async () => {
  const inner = folderEntry([fileEntry('runs/deep/b.json', RUN)])
  const found = await filesIn([folderEntry([...many(250), inner]), fileEntry('c.json')])
  expect(found.files.length).toBe(252)
  expect(found.files.map(({ name }) => name)).toContain('runs/deep/b.json')
  expect(found.isCut).toBe(false)
})

test('a folder of more files than are looked at says so; one of just as many does not', async () => {
  const just = await filesIn([folderEntry([...many(MOST_FILES), folderEntry([])])])
  expect([just.files.length, just.isCut]).toEqual([MOST_FILES, false])
  const more = await filesIn([folderEntry(many(MOST_FILES + 1))])
  expect([more.files.length, more.isCut]).toEqual([MOST_FILES, true])
  const chosen = (length: number) => filesOf(Array.from({ length }, (_, n) => new File([RUN], `${n}.json`)))
  expect([chosen(MOST_FILES).isCut, chosen(MOST_FILES + 1).isCut]).toEqual([false, true])

  const cut = { files: more.files.slice(0, 2), isCut: true }
  const sentence =
    'Only the first 2 files were looked at: open the others by themselves, or in smaller folders.'
  expect(await asidesOf(cut)).toEqual([sentence])
  expect(await asidesOf({ ...cut, isCut: false })).toEqual([])
  const useless = { files: [new File([''], 'a.png'), new File([''], 'b.png')], isCut: true }
  await expect(readRuns(useless, read)).rejects.toThrow('In the first 2 files there is no run of harn')
})

test('a file, or files together, beyond what is opened are refused before anything is read', async () => {
  const sized = (name: string, size: number) => ({
    name,
    size,
    arrayBuffer: () => Promise.reject(new Error('It was read.')),
  })
  const large = [sized('a.json', 1), sized('b.json', OPEN_LIMITS.fileBytes + 1)]
  await expect(readRuns({ files: large, isCut: false }, read)).rejects.toThrow('b.json has 50')
  const five = Array.from({ length: 5 }, (_, n) => sized(`${n}.json`, OPEN_LIMITS.fileBytes))
  await expect(readRuns({ files: five, isCut: false }, read)).rejects.toThrow('The files have 250')
})
