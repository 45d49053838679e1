/** Owns one message after the other without a page: what it says, then what follows, as the live half tells them. */
import { tellMessage, unplaced } from '../../../../src/sources/openHuman/convert.ts'
import type { Converted } from '../../../../src/sources/openHuman/convert.ts'
import { followUps } from '../../../../src/sources/openHuman/convertFollow.ts'
import { isPlaced, readMessage, turnStream } from '../../../../src/sources/openHuman/identity.ts'
import type { TurnMemory } from '../../../../src/sources/openHuman/turns.ts'

export function convert(raw: unknown, memory: TurnMemory, now: number): readonly Converted[] {
  const message = readMessage(raw, null, now)
  if (!isPlaced(message)) return unplaced(raw, message, now)
  const turn = memory.turn(message.requestId) ?? memory.open(message.requestId, null)
  const told = tellMessage(raw, message, turn, memory)
  if (told === null) return []
  const events = told.isNew ? followUps(message, turn, memory) : []
  return [told, { stream: turnStream(turn.requestId), events }]
}
