/** Owns the worker that reads files of harn, so that the page stays alive however large they are. */
import { importHarnFolder } from 'run-ledger/sources/harn'
import type { HarnEvent } from 'run-ledger/sources/harn'
import type { FromReader, ToReader } from './openRunsReader.ts'

// A worker's scope is a port; the DOM types describe a window's.
const port = self as unknown as {
  onmessage: (message: { data: ToReader }) => void
  postMessage: (message: FromReader) => void
}

/** Events of one message, by number and by weight: what the page takes in one go. */
const MOST_EVENTS = 500
const MOST_CHARS = 1024 * 1024

port.onmessage = ({ data: { files, known } }) => {
  const decoder = new TextDecoder()
  const read = files.map(({ path, bytes }) => ({ path, text: decoder.decode(bytes) }))
  const { events, opens, report } = importHarnFolder(read, known)
  for (const part of parts(events)) port.postMessage({ events: part })
  port.postMessage({ opens, report })
}

function* parts(events: readonly HarnEvent[]): Generator<HarnEvent[]> {
  let part: HarnEvent[] = []
  let chars = 0
  for (const each of events) {
    part.push(each)
    chars += JSON.stringify(each.event.payload).length
    if (part.length < MOST_EVENTS && chars < MOST_CHARS) continue
    yield part
    part = []
    chars = 0
  }
  yield part
}
