/** The limit: one append-only file in OPFS, a flush per batch of at most 256 events, in a worker. */
import { groupCommit } from '../groupCommit.ts'
import type { OpenSubject } from '../subject.ts'

export const openOpfsLog: OpenSubject = async (watcher, { kind }) => {
  const worker = new Worker(new URL('./opfsLogWorker.ts', import.meta.url), { type: 'module' })
  const answers: { resolve: () => void; reject: (reason: Error) => void }[] = []
  const answered = (): Promise<void> =>
    new Promise((resolve, reject) => {
      answers.push({ resolve, reject })
    })
  worker.onmessage = () => answers.shift()?.resolve()
  worker.onerror = ({ message }) => answers.shift()?.reject(new Error(message))
  await answered()
  return groupCommit(
    {
      limit: 256,
      inFlight: kind === 'burst' ? 2 : 1,
      gap: 0,
      write: (events) => {
        worker.postMessage(events)
        return answered()
      },
    },
    watcher,
  )
}
