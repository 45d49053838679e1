/**
 * Owns what each command means to a run or workflow that is driven here.
 */
import type { CommandVerb } from '../core/commands.ts'
import type { Json } from '../core/entities.ts'
import { idOfLog } from '../core/ids.ts'
import type { Delivery } from '../core/ports.ts'
import type { LocalAgentRun } from './childRun.ts'
import type { LocalCommand } from './commands.ts'
import { line } from './text.ts'
import type { LocalWorkflowRun } from './workflowRun.ts'

export const STOPPED = 'stopped by you'
export const DELIVERED: Delivery = { kind: 'delivered' }
export const rejected = (reason: string): Delivery => ({ kind: 'rejected', reason: line(reason) })

/** What is asked of a run that is driven here. */
export function obey(command: LocalCommand, target: LocalWorkflowRun | LocalAgentRun): Delivery {
  const id = idOfLog(target.log)
  switch (command.verb) {
    case 'unusable':
      return rejected(command.reason)
    case 'start':
      return rejected(`${id} was already started.`)
    case 'stop':
      target.stop(STOPPED)
      return DELIVERED
    case 'pause':
      return target.pause()
    case 'resume':
    case 'resumeWorkflow':
      return target.resume()
    case 'retry':
      return rejected(`${id} is ${target.status()}: only what has ended can be tried again.`)
    case 'answer':
      if ('answer' in target) return target.answer(command.questionId, command.answer)
      return rejected('A workflow asks nothing itself: answer the run that asked.')
    case 'follow_up':
      if ('followUp' in target) return target.followUp(command.message)
      return rejected('A workflow takes no follow-ups itself: send them to one of its runs.')
  }
}

/** What the person said, where the timeline would not show it otherwise. */
export function detailOf(verb: CommandVerb, payload: Json): string | null {
  if (verb !== 'follow_up' || typeof payload !== 'object' || payload === null) return null
  const { message } = payload as { message?: Json }
  return typeof message === 'string' ? line(message) : null
}
