// Owns the bench's folder on disk: the built pages, a profile per sample, and filled profiles that later samples copy.
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assertOnDisk, settleDisk } from './machine.mjs'

const root = join(tmpdir(), 'run-ledger-bench')

/** A folder of this run; gone when the process ends. */
export function runFolder() {
  mkdirSync(root, { recursive: true })
  assertOnDisk(root)
  const folder = mkdtempSync(join(root, 'run-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/**
 * A profile filled once for this code; samples work on copies. Stores filled by other code are deleted.
 * @param {{ code: string, name: string, run: string, make: (profile: string) => Promise<void> }} options
 */
export async function filledProfile({ code, name, run, make }) {
  const stores = join(root, 'stores')
  const folder = join(stores, code)
  mkdirSync(folder, { recursive: true })
  for (const other of readdirSync(stores)) {
    if (other !== code) rmSync(join(stores, other), { recursive: true, force: true })
  }
  const filled = join(folder, name)
  if (!existsSync(filled)) {
    const profile = mkdtempSync(join(run, 'filling-'))
    await make(profile)
    renameSync(profile, filled)
  }
  return filled
}

/** @param {string} from @param {string} run */
export function copyProfile(from, run) {
  const profile = mkdtempSync(join(run, 'profile-'))
  cpSync(from, profile, { recursive: true })
  // Chromium's own lock of the profile is a dangling link.
  for (const name of readdirSync(profile)) if (name.startsWith('Singleton')) rmSync(join(profile, name))
  // The first flush of what is measured would wait for half a gigabyte of ours.
  settleDisk()
  return profile
}

/** @param {string} run */
export const freshProfile = (run) => mkdtempSync(join(run, 'profile-'))

/** @param {string} profile */
export const deleteProfile = (profile) => rmSync(profile, { recursive: true, force: true })

/** Bytes of what pages of this profile stored, by where the browser keeps it. @param {string} profile */
export function storedBytes(profile) {
  const sizes = { indexedDb: 0, opfs: 0 }
  const folders = { IndexedDB: 'indexedDb', WebStorage: 'indexedDb', 'File System': 'opfs' }
  for (const [folder, place] of Object.entries(folders)) {
    sizes[place] += bytesIn(join(profile, 'Default', folder))
  }
  return { ...sizes, all: sizes.indexedDb + sizes.opfs }
}

/** @param {string} path @returns {number} */
function bytesIn(path) {
  if (!existsSync(path)) return 0
  const entries = readdirSync(path, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + lstatSync(join(entry.parentPath, entry.name)).size, 0)
}
