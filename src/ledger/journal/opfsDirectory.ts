/**
 * Owns the origin private file system. Measured in Chromium 156: while one worker has a file open for writing, no
 * other can open it in any mode, `read-only` and `readwrite-unsafe` included, nor remove or rename it; `getFile()`
 * reads it all the same, from pages and workers, and sees what was written even before the flush. So handles are
 * for the writer alone and double as the proof that a file is in use; everything is read through `getFile()`. A
 * terminated worker's handle was free again within 4 ms. Two hundred ends read as one blob of slices take 60 ms,
 * one by one 100 to 140.
 */
import { LedgerError } from '../port.ts'
import type { FileWriter, JournalDirectory, StoredFile } from './directory.ts'
import { scopePath } from './directory.ts'

/** What workers have of a file handle, and TypeScript's page types have not. */
interface SyncHandle {
  write(bytes: Uint8Array, options: { at: number }): number
  truncate(bytes: number): void
  getSize(): number
  flush(): void
  close(): void
}
type SyncFile = FileSystemFileHandle & { createSyncAccessHandle(): Promise<SyncHandle> }

interface OpfsFile extends StoredFile {
  blob: Blob
}

/** Whether this page has a file system to ask for. It may still be refused. */
export function hasOpfs(): boolean {
  const { navigator } = globalThis as { navigator?: { storage?: Partial<StorageManager> } }
  return navigator?.storage?.getDirectory !== undefined
}

export function opfsDirectory(scope: string): JournalDirectory {
  const path = scopePath(scope)

  /** @throws DOMException NotFoundError */
  async function open(create: boolean): Promise<FileSystemDirectoryHandle> {
    let directory = await navigator.storage.getDirectory()
    for (const part of path) directory = await directory.getDirectoryHandle(part, { create })
    return directory
  }

  async function list(): Promise<readonly OpfsFile[]> {
    const directory = await open(false).catch(ifMissing(null))
    if (directory === null) return []
    const handles: FileSystemFileHandle[] = []
    // TypeScript's page types have no directory iteration.
    const entries = (directory as unknown as { values(): AsyncIterable<FileSystemHandle> }).values()
    for await (const handle of entries) {
      if (handle.kind === 'file') handles.push(handle as FileSystemFileHandle)
    }
    const files = await Promise.all(handles.map((handle) => handle.getFile().catch(ifMissing(null))))
    return files.flatMap((file) => (file === null ? [] : [storedFile(file)]))
  }

  async function sync(name: string, create: boolean): Promise<SyncHandle> {
    const directory = await open(create)
    const handle = (await directory.getFileHandle(name, { create })) as SyncFile
    return handle.createSyncAccessHandle()
  }

  return {
    list,

    async readEnds(files, bytes) {
      const ends = (files as readonly OpfsFile[]).map(({ blob }) => blob.slice(-bytes))
      try {
        const all = await bytesOf(new Blob(ends))
        let at = 0
        return ends.map(({ size }) => all.subarray(at, (at += size)))
      } catch {
        // One of them is gone; which one is said by asking each.
        return Promise.all(ends.map(bytesOf))
      }
    },

    async create(name) {
      const handle = await sync(name, true)
      if (handle.getSize() === 0) return writerOf(handle)
      handle.close()
      throw new LedgerError('transient', `The journal file ${name} exists already.`)
    },

    async isFree(name) {
      try {
        const handle = await sync(name, false)
        handle.close()
        return true
      } catch {
        return false
      }
    },

    async remove(name) {
      try {
        const directory = await open(false)
        await directory.removeEntry(name)
        return true
      } catch (error) {
        if (nameOf(error) === 'NoModificationAllowedError') return false
        return ifMissing(true)(error)
      }
    },

    async destroy() {
      let parent = await navigator.storage.getDirectory()
      try {
        for (const part of path.slice(0, -1)) parent = await parent.getDirectoryHandle(part)
        await parent.removeEntry(path.at(-1) ?? '')
      } catch (error) {
        ifMissing(null)(error)
      }
    },
  }
}

function storedFile(file: File): OpfsFile {
  return { name: file.name, bytes: file.size, blob: file, read: (from, to) => bytesOf(file.slice(from, to)) }
}

const bytesOf = async (blob: Blob): Promise<Uint8Array> => new Uint8Array(await blob.arrayBuffer())

function writerOf(handle: SyncHandle): FileWriter {
  return {
    write(bytes, at) {
      const written = handle.write(bytes, { at })
      if (written === bytes.length) return
      throw new LedgerError('capacity', `Only ${written} of ${bytes.length} bytes were written.`)
    },
    truncate: (bytes) => handle.truncate(bytes),
    flush: () => handle.flush(),
    close: () => handle.close(),
  }
}

const nameOf = (error: unknown): string => (error instanceof DOMException ? error.name : '')

/** For what is gone: the value; for anything else the error again. */
function ifMissing<Value>(value: Value): (error: unknown) => Value {
  return (error) => {
    if (nameOf(error) === 'NotFoundError') return value
    throw error
  }
}
