/** Owns handing files to the worker that reads them, and giving up on it when the person does. */
import type { HarnEvent, HarnFolderImport, HarnKnown } from 'run-ledger/sources/harn'

export interface ToReader {
  files: readonly { path: string; bytes: ArrayBuffer }[]
  known: HarnKnown
}

/** Events come in parts, then what is said about them. */
export type FromReader = { events: readonly HarnEvent[] } | Omit<HarnFolderImport, 'events'>

/** Reads the files in a worker. Rejects with the signal's reason once it is aborted: the worker is ended then. */
export function readInWorker({ files, known }: ToReader, signal: AbortSignal): Promise<HarnFolderImport> {
  const worker = new Worker(new URL('./openRuns.worker.ts', import.meta.url), { type: 'module' })
  const events: HarnEvent[] = []
  const reading = new Promise<HarnFolderImport>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<FromReader>) => {
      if ('events' in data) events.push(...data.events)
      else resolve({ ...data, events })
    }
    worker.onerror = ({ message }) => reject(new Error(`The files could not be read: ${message}`))
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    signal.throwIfAborted()
    worker.postMessage(
      { files, known },
      files.map(({ bytes }) => bytes),
    )
  })
  return reading.finally(() => worker.terminate())
}
