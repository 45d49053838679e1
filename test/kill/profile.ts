/**
 * Owns a browser's files while it is dead: where its databases and the files of the origin lie, which back end
 * wrote them, and damage done to one copy at a time.
 */
import { cp, mkdtemp, open, readdir, readFile, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { walk } from '../../src/ledger/journal/envelope.ts'
import type { BackEnd } from './modes.ts'
import type { Random } from './workload.ts'

/** Everything a page can store that we look at, relative to the user data directory. */
const STORED = ['Default/IndexedDB', 'Default/File System']
/** Bytes at a file's end where a cut hurts the newest frames, and not always all of them. */
const TAIL = 65_536
const PAGE = 4_096

export interface StoredFile {
  path: string
  size: number
}

/** An empty one, in a folder of its own. */
export const newProfile = (): Promise<string> => mkdtemp(join(tmpdir(), 'run-ledger-kill-'))

/** Which back end wrote the databases; null when there are none. */
export async function backEndOf(profile: string): Promise<BackEnd | null> {
  const files = await databaseFiles(profile)
  if (files.some(({ path }) => path.includes('.indexeddb.leveldb/'))) return 'leveldb'
  const isSqlite = await Promise.all(files.map(({ path }) => startsWith(path, 'SQLite format 3\0')))
  return isSqlite.includes(true) ? 'sqlite' : null
}

export const databaseFiles = (profile: string): Promise<StoredFile[]> =>
  filesUnder(join(profile, 'Default/IndexedDB'), () => true)

/** The origin's own files (OPFS): eight digits in folders of two; around them lies what Chromium notes of them. */
export const originFiles = (profile: string): Promise<StoredFile[]> =>
  filesUnder(join(profile, 'Default/File System'), (path) => /\/t\/\d\d\/\d{8}$/.test(path))

/** As if the browser had thrown all its databases away. */
export async function wipeDatabases(profile: string): Promise<string> {
  const size = sizeOf(await databaseFiles(profile))
  await rm(join(profile, 'Default/IndexedDB'), { recursive: true, force: true })
  return `wiped ${size} B of databases`
}

/** Cuts or corrupts a whole frame near the end of one file of the journal. @throws Error when there is none. */
export async function damageJournal(profile: string, random: Random): Promise<string> {
  const files = (await originFiles(profile)).filter(({ size }) => size > 0)
  const file = files[random.below(files.length)]
  if (file === undefined) throw new Error('There is no journal file to damage.')
  // What was torn before, by a kill or by us, nobody reads: damage there shows nothing.
  const { envelopes } = walk(await readFile(file.path))
  const near = envelopes.filter(({ contentEnd }) => contentEnd > file.size - TAIL)
  const frames = near.length > 0 ? near : envelopes.slice(-1)
  const frame = frames[random.below(frames.length)]
  if (frame === undefined) throw new Error(`There is nothing whole in a journal file of ${file.size} B.`)
  const at = frame.offset + random.below(frame.contentEnd - frame.offset)
  if (random.below(2) === 0) {
    await truncate(file.path, at)
    return `cut a journal file of ${file.size} B at ${at}`
  }
  await flipByte(file.path, at)
  return `flipped a byte of a journal file of ${file.size} B at ${at}`
}

/** One page of zeros, as a disk that lost a sector gives back. */
export async function zeroPage(path: string, at: number): Promise<void> {
  const { size } = await stat(path)
  const handle = await open(path, 'r+')
  try {
    await handle.write(Buffer.alloc(Math.min(PAGE, size - at)), 0, null, at)
  } finally {
    await handle.close()
  }
}

export async function flipByte(path: string, at: number): Promise<void> {
  const handle = await open(path, 'r+')
  try {
    const byte = Buffer.alloc(1)
    await handle.read(byte, 0, 1, at)
    byte[0] = (byte[0] ?? 0) ^ 0xff
    await handle.write(byte, 0, 1, at)
  } finally {
    await handle.close()
  }
}

export const sizeOf = (files: readonly StoredFile[]): number => files.reduce((sum, { size }) => sum + size, 0)

/** Everything stored, as it is now: the next open may destroy the evidence. The other way round it restores. */
export async function copyStored(profile: string, to: string): Promise<void> {
  for (const folder of STORED) {
    await rm(join(to, folder), { recursive: true, force: true })
    await cp(join(profile, folder), join(to, folder), { recursive: true }).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    })
  }
}

async function filesUnder(folder: string, isWanted: (path: string) => boolean): Promise<StoredFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const paths = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
  const wanted = paths.filter(isWanted).toSorted()
  return Promise.all(wanted.map(async (path) => ({ path, size: (await stat(path)).size })))
}

async function startsWith(path: string, text: string): Promise<boolean> {
  const handle = await open(path)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(text.length), 0, text.length, 0)
    return buffer.toString('latin1', 0, bytesRead) === text
  } finally {
    await handle.close()
  }
}
