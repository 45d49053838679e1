/**
 * Owns the journal without a disk, for tests and Node: the same store and the same bytes, in a map that a test can
 * truncate, damage or wipe, and that can fail or die at any step.
 */
import type { Locks } from '../../core/ports.ts'
import type { FileWriter, JournalDirectory, StoredFile } from './directory.ts'
import type { Journal } from './port.ts'
import { JournalStore } from './store.ts'
import { claimWriter, withCompactor } from './writerLocks.ts'

/** The disk of one scope, as a test sees it. */
export interface MemoryDisk {
  /** By name; replace, cut or delete as you like. */
  files: Map<string, Uint8Array>
  /** Called before every change to the disk; what it throws is the disk's error. */
  onChange: (change: { kind: 'create' | 'write' | 'flush' | 'truncate' | 'remove'; file: string }) => void
  /** Files that are open for writing. */
  open: Set<string>
}

export function memoryDisk(): MemoryDisk {
  return { files: new Map(), onChange: () => {}, open: new Set() }
}

export function memoryDirectory(disk: MemoryDisk): JournalDirectory {
  return {
    list: async () => [...disk.files].map(([name, bytes]) => storedFile(disk, name, bytes.length)),
    readEnds: (files, bytes) =>
      Promise.all(files.map((file) => file.read(Math.max(0, file.bytes - bytes), file.bytes))),
    async create(name) {
      disk.onChange({ kind: 'create', file: name })
      disk.files.set(name, new Uint8Array())
      disk.open.add(name)
      return fileWriter(disk, name)
    },
    isFree: async (name) => !disk.open.has(name),
    async remove(name) {
      if (disk.open.has(name)) return false
      disk.onChange({ kind: 'remove', file: name })
      disk.files.delete(name)
      return true
    },
    destroy: async () => {},
  }
}

function storedFile(disk: MemoryDisk, name: string, bytes: number): StoredFile {
  return {
    name,
    bytes,
    async read(from, to) {
      const content = disk.files.get(name)
      if (content === undefined) throw new DOMException(`${name} is gone`, 'NotFoundError')
      return content.slice(from, to)
    },
  }
}

function fileWriter(disk: MemoryDisk, name: string): FileWriter {
  const content = (): Uint8Array => disk.files.get(name) ?? new Uint8Array()
  const resized = (bytes: number): Uint8Array => {
    const next = new Uint8Array(bytes)
    next.set(content().subarray(0, bytes))
    return next
  }
  return {
    write(bytes, at) {
      disk.onChange({ kind: 'write', file: name })
      const next = resized(Math.max(content().length, at + bytes.length))
      next.set(bytes, at)
      disk.files.set(name, next)
    },
    truncate(bytes) {
      disk.onChange({ kind: 'truncate', file: name })
      disk.files.set(name, resized(bytes))
    },
    flush: () => disk.onChange({ kind: 'flush', file: name }),
    close: () => void disk.open.delete(name),
  }
}

export interface MemoryJournalOptions {
  disk?: MemoryDisk
  writer?: string
  locks: Locks
}

export function memoryJournal({
  disk = memoryDisk(),
  writer = 'memory',
  locks,
}: MemoryJournalOptions): Journal {
  const store = new JournalStore(memoryDirectory(disk), writer)
  const claim = claimWriter(locks, 'memory', writer)
  let last: Promise<void> = Promise.resolve()
  return {
    open: () => store.open(),
    append(frame) {
      claim.take()
      const landed = last.then(async () => {
        await store.prepare()
        const [outcome] = store.append([frame])
        if (outcome) throw outcome
      })
      last = landed.catch(() => {})
      return landed
    },
    scan: () => store.scan(),
    read: (places) => store.read(places),
    async compact() {
      const sizes = await withCompactor(locks, 'memory', (living) => store.compact(living))
      return sizes ?? { before: 0, after: 0 }
    },
    async close() {
      await last
      store.close()
      claim.drop()
    },
    async destroy() {
      await last
      await store.destroy()
    },
  }
}
