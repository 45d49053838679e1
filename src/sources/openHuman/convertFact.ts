/**
 * Owns what a message says of itself: one event, made of nothing but the message, so that the same message always
 * gives the same event. What follows from it for other runs is told by `convertFollow.ts`.
 */
import type { RawEvent } from '../../core/events.ts'
import { isTransientType } from '../../core/events.ts'
import type { Position } from '../../core/ids.ts'
import { runLog } from '../../core/ids.ts'
import { childFact } from './children.ts'
import { noticeFact } from './convertNotice.ts'
import { at, foreign } from './convertShapes.ts'
import type { Fact } from './convertShapes.ts'
import { turnFact } from './convertTurn.ts'
import { besides, positionOf, taskOf } from './identity.ts'
import type { Message } from './identity.ts'
import { isSmall } from './wire.ts'
import type { Reader } from './wire.ts'

/** The event a message is, and a second one where it says more than fits beside it. */
export function factsOf(message: Message, position: Position = positionOf(message)): readonly RawEvent[] {
  const reader = message.reader()
  const fact = readFact(message, reader)
  if (fact === null) return [at(message, position, asForeign(message))]
  if (isTransientType(fact.type)) return [at(message, position, fact)]
  const rest = reader.rest()
  if (Object.keys(rest).length === 0) return [at(message, position, fact)]
  if (isSmall(rest)) return [at(message, position, { ...fact, payload: { ...fact.payload, rest } })]
  const more = { log: fact.log, type: 'foreign', payload: foreign(`${message.name}.rest`, rest) } as const
  return [at(message, position, fact), at(message, besides(position, 'rest'), more)]
}

function readFact(message: Message, reader: Reader): Fact | null {
  const taskId = taskOf(message)
  if (taskId !== null) return childFact(message, taskId, reader)
  return turnFact(message, reader) ?? noticeFact(message, reader)
}

/** What is no fact of a run is kept as it came, on the log of its turn. */
function asForeign(message: Message): Fact {
  const reader = message.reader()
  return { log: runLog(message.requestId), type: 'foreign', payload: foreign(message.name, reader.rest()) }
}
