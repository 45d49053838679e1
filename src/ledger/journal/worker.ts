/**
 * Owns the journal's worker: the one place where files can be written synchronously. A frame is written and flushed
 * the moment it arrives; those that arrive meanwhile share the next flush.
 */
import { opfsDirectory } from './opfsDirectory.ts'
import type { Answers, Question, ToPage, ToWorker } from './protocol.ts'
import { tell } from './protocol.ts'
import type { JournalFrame } from './port.ts'
import { JournalStore } from './store.ts'

/** The worker's own scope, of which the page types know nothing. */
interface Scope {
  postMessage(message: ToPage): void
  addEventListener(type: 'message', listener: (event: MessageEvent<ToWorker>) => void): void
}

interface Waiting {
  id: number
  frame: JournalFrame
}

const scope = globalThis as unknown as Scope
const { port1: turns, port2: nextTurn } = new MessageChannel()
let store: JournalStore | null = null
let waiting: Waiting[] = []
/** A flush was just made or a file is being opened: what arrives waits for the next turn. */
let busy = false
/** Settles when nothing waits. */
let whenWritten: (() => void)[] = []

scope.addEventListener('message', ({ data }) => {
  if (data.kind === 'start') store = new JournalStore(opfsDirectory(data.scope), data.writer)
  else if (store === null) return
  else if (data.kind === 'append') {
    waiting.push(data)
    if (!busy) write(store)
  } else void answer(store, data.id, data.question)
})

turns.onmessage = () => {
  busy = false
  if (store !== null && waiting.length > 0) write(store)
  else settle()
}

function write(to: JournalStore): void {
  busy = true
  if (to.isReady) {
    flush(to)
    return
  }
  to.prepare().then(
    () => flush(to),
    (error: unknown) => {
      const ids = takeWaiting().map(({ id }) => id)
      scope.postMessage({ kind: 'appended', ids, error: tell(error) })
      nextTurn.postMessage(null)
    },
  )
}

function flush(to: JournalStore): void {
  const group = takeWaiting()
  const outcomes = to.append(group.map(({ frame }) => frame))
  const ids = group.filter((_, index) => outcomes[index] === null).map(({ id }) => id)
  if (ids.length > 0) scope.postMessage({ kind: 'appended', ids, error: null })
  group.forEach(({ id }, index) => {
    const error = outcomes[index] ?? null
    if (error !== null) scope.postMessage({ kind: 'appended', ids: [id], error: tell(error) })
  })
  // Behind all messages that came during the flush.
  const turn = (): void => nextTurn.postMessage(null)
  // A file was filled: the next one is opened ahead, since a page's last words cannot wait for it.
  const isSealed = !to.isReady && outcomes.every((outcome) => outcome === null)
  if (isSealed) to.prepare().then(turn, turn)
  else turn()
}

function takeWaiting(): Waiting[] {
  const group = waiting
  waiting = []
  return group
}

function settle(): void {
  const settled = whenWritten
  whenWritten = []
  for (const resolve of settled) resolve()
}

async function written(): Promise<void> {
  if (busy) await new Promise<void>((resolve) => whenWritten.push(resolve))
}

async function answer(from: JournalStore, id: number, question: Question): Promise<void> {
  try {
    scope.postMessage({ kind: 'answer', id, value: await valueOf(from, question) })
  } catch (error) {
    scope.postMessage({ kind: 'failed', id, error: tell(error) })
  }
}

const alive = (): void => scope.postMessage({ kind: 'alive' })

async function valueOf(from: JournalStore, question: Question): Promise<Answers[keyof Answers]> {
  switch (question.ask) {
    case 'open':
      return from.open()
    case 'scan':
      return from.scan(alive)
    case 'read':
      return from.read(question.places)
    case 'compact':
      return from.compact(question.living, alive)
    case 'close':
      await written()
      from.close()
      return null
    case 'destroy':
      await written()
      return from.destroy()
  }
}
