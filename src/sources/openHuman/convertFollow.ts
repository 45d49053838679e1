/**
 * Owns what follows from a new message for the runs of its turn: an agent nobody announced, what an end means for those
 * who were left open, figures that belong to somebody else. Told in the order of the turn.
 */
import type { RawEvent } from '../../core/events.ts'
import type { Position } from '../../core/ids.ts'
import { runLog } from '../../core/ids.ts'
import { awaiting, childRegistration, questionIdOf } from './children.ts'
import { at } from './convertShapes.ts'
import type { Fact } from './convertShapes.ts'
import { approval, approvalIdOf, decision, planReview } from './convertNotice.ts'
import { turnRegistration } from './convertTurn.ts'
import { besides, positionOf, taskOf, turnStream } from './identity.ts'
import type { Message } from './identity.ts'
import { openQuestion } from './turns.ts'
import type { Asked, Child, Turn, TurnMemory } from './turns.ts'
import { childUsage, isSpent, readFigures, readSpends, turnUsage } from './usage.ts'
import type { Fields } from './wire.ts'

type Tell = (what: string, fact: Fact) => void

/** What is told before a turn's first message: that it is a run at all. */
export function openingOf(message: Message, turn: Turn): readonly RawEvent[] {
  if (turn.isKnown || !isOfRun(message)) return []
  turn.isKnown = true
  if (message.name === 'inference_start') return []
  const payload = turnRegistration(message)
  return [at(message, 'turn', { log: runLog(turn.requestId), type: 'run.registered', payload })]
}

/** Whether there is a run behind it: notices about a thread come with all kinds of ids. */
export const isOfRun = ({ name, seq }: Message): boolean =>
  seq !== null ||
  /^(?:chat_(?!suggestions)|inference_|subagent_|tool_|iteration_|turn_|approval_|plan_)/.test(name)

export function followUps(message: Message, turn: Turn, memory: TurnMemory): readonly RawEvent[] {
  const position: Position = positionOf(message)
  const events: RawEvent[] = []
  const tell: Tell = (what, fact) => void events.push(at(message, besides(position, what), fact))
  const taskId = taskOf(message)
  if (taskId === null) ofTurn(message, turn, memory, tell)
  else {
    const child = memory.child(taskId) ?? memory.learn(taskId, null)
    turn.children.add(taskId)
    ofChild(message, turn, child, tell)
    const { tool_call_id: callId } = message.fields
    if (message.name === 'subagent_tool_call' && typeof callId === 'string' && callId !== '') {
      memory.heardCall(callId, taskId)
    }
  }
  return events
}

// --- agents

const ENDS = new Set(['subagent_completed', 'subagent_failed'])
const ASKS = 'subagent_awaiting_user'

function ofChild(message: Message, turn: Turn, child: Child, tell: Tell): void {
  const { name } = message
  const log = runLog(child.taskId)
  const stream = turnStream(turn.requestId).id
  if (name === 'subagent_spawned') announced(message, child, stream, tell)
  else if (!child.streams.has(stream)) unannounced(message, child, tell)
  else if (child.state === 'awaiting' && !ENDS.has(name) && name !== ASKS) {
    goesOn(child, tell)
  }
  child.streams.add(stream)
  child.requestId = turn.requestId

  if (name === ASKS) {
    child.state = 'awaiting'
    child.questionId = questionIdOf(message)
  }
  if (!ENDS.has(name)) return
  child.state = 'settled'
  const figures = readFigures(message.reader().reader('subagent'))
  if (isSpent(figures)) {
    tell('usage', { log, type: 'usage.reported', payload: childUsage(turn.requestId, figures) })
  }
}

function announced(message: Message, child: Child, stream: string, tell: Tell): void {
  const mode = message.reader().reader('subagent').line('mode', 100)
  // A resume is always typed; what the agent was begun as stays.
  child.mode ??= mode
  if (child.streams.has(stream)) return
  if (child.state === 'settled') {
    const payload = { trigger: 'prompt_received', status: 'running' }
    tell('attempt', { log: runLog(child.taskId), type: 'run.attempt_started', payload })
  }
  child.state = 'running'
  child.questionId = null
}

/** Says that it waits or ended: what is told beside earlier messages comes after that, and must not undo it. */
export function noteStanding(message: Message, memory: TurnMemory): void {
  const taskId = taskOf(message)
  if (taskId === null || !(ENDS.has(message.name) || message.name === ASKS)) return
  const child = memory.child(taskId) ?? memory.learn(taskId, null)
  const { told } = child
  const isOlder = told?.requestId === message.requestId && (told.seq ?? 0) > (message.seq ?? Infinity)
  if (!isOlder) child.told = message
}

/** Its spawn was lost, or its resume: what it does now says that it was announced. */
function unannounced(message: Message, child: Child, tell: Tell): void {
  const log = runLog(child.taskId)
  const told = child.told?.requestId === message.requestId ? child.told : null
  const wasAsked = child.state === 'awaiting'
  if (child.state === 'settled' && told === null) {
    const payload = { trigger: 'prompt_received', status: 'running' }
    tell('attempt', { log, type: 'run.attempt_started', payload })
  }
  // It went on in between, so what it asks now is not what it asked before.
  const asks = wasAsked && told?.name === ASKS ? told : null
  const status = told === null || asks !== null ? { status: 'running' } : {}
  tell('child', { log, type: 'run.registered', payload: { ...childRegistration(message), ...status } })
  if (asks !== null) tell('asks', { log, type: 'run.observed', payload: awaiting(asks) })
  child.state = 'running'
}

function goesOn(child: Child, tell: Tell): void {
  const log = runLog(child.taskId)
  if (child.questionId !== null) {
    const payload = { questionId: child.questionId, state: 'answered', answer: null }
    tell('answered', { log, type: 'question.settled', payload })
  }
  tell('goes_on', { log, type: 'run.transitioned', payload: { to: 'running', trigger: 'answered' } })
  child.state = 'running'
  child.questionId = null
}

// --- turns

const TURN_ENDS = new Set(['chat_done', 'chat_error', 'chat_cancelled'])

export const isTurnEnd = ({ name }: Message): boolean => TURN_ENDS.has(name)

function ofTurn(message: Message, turn: Turn, memory: TurnMemory, tell: Tell): void {
  const { name, fields } = message
  if (name === 'approval_request' || name === 'plan_review_request') return ask(message, turn, memory, tell)
  if (name === 'approval_decided') return decide(message, turn, tell)
  if (name === 'tool_result' && typeof fields['tool_call_id'] === 'string') {
    overtaken(turn, (asked) => asked.callId === fields['tool_call_id'], tell)
  }
  // A plan holds up all of its turn: whatever is begun after it was decided.
  if (name === 'iteration_start' || name === 'tool_call') overtaken(turn, (asked) => asked.isPlan, tell)
  if (name === 'turn_cost' && turn.finalUsage !== null) {
    tell('final', { log: runLog(turn.requestId), type: 'usage.reported', payload: turn.finalUsage })
  }
  if (isTurnEnd(message)) end(message, turn, memory, tell)
}

function ask(message: Message, turn: Turn, memory: TurnMemory, tell: Tell): void {
  const questionId = approvalIdOf(message)
  if (questionId === null) return
  const { tool_call_id: callId, tool_name: toolName, detached } = message.fields
  const isPlan = message.name === 'plan_review_request'
  const asked: Asked = {
    log: runLog(turn.requestId),
    question: (isPlan ? planReview : approval)(message, message.reader()),
    callId: typeof callId === 'string' && callId !== '' ? callId : null,
    toolName: typeof toolName === 'string' ? toolName : null,
    isPlan,
    isBlocking: detached !== true && !turn.isEnded,
  }
  openQuestion(turn, questionId, asked)
  if (turn.isEnded) handOver(questionId, asked, memory, tell)
  if (!asked.isBlocking) return
  const payload = { to: 'awaiting_user', trigger: 'question_asked' }
  tell('waits', { log: asked.log, type: 'run.transitioned', payload })
}

/** What a detached agent asks outlives its turn, and is asked on the agent's own run then. */
function handOver(questionId: string, asked: Asked, memory: TurnMemory, tell: Tell): void {
  const caller = asked.callId === null ? null : memory.callerOf(asked.callId)
  if (caller === null) return
  asked.log = runLog(caller)
  tell(`asked:${questionId}`, { log: asked.log, type: 'question.asked', payload: asked.question })
}

function decide(message: Message, turn: Turn, tell: Tell): void {
  const named = approvalIdOf(message)
  const { tool_name: toolName } = message.fields
  const sameTool = ([, asked]: [string, Asked]): boolean => !asked.isPlan && asked.toolName === toolName
  const [found] = [...turn.asked].find(sameTool) ?? []
  const questionId = named ?? found ?? null
  if (questionId === null) return
  const log = turn.asked.get(questionId)?.log ?? runLog(turn.requestId)
  if (named === null || log !== runLog(turn.requestId)) {
    const payload = { questionId, ...decision(message.reader()) }
    tell('decided', { log, type: 'question.settled', payload })
  }
  closed(turn, questionId, tell)
}

/** The turn went on, so somebody decided; what, was not heard. */
function overtaken(turn: Turn, isOver: (asked: Asked) => boolean, tell: Tell): void {
  for (const [questionId, asked] of turn.asked) {
    if (!isOver(asked)) continue
    const payload = { questionId, state: 'unknown', answer: null }
    tell(`over:${questionId}`, { log: asked.log, type: 'question.settled', payload })
    closed(turn, questionId, tell)
  }
}

function closed(turn: Turn, questionId: string, tell: Tell): void {
  const asked = turn.asked.get(questionId)
  turn.asked.delete(questionId)
  const isHeldUp = [...turn.asked.values()].some(({ isBlocking }) => isBlocking)
  // What was asked before this page listened held it up as well.
  if (asked?.isBlocking === false || isHeldUp || turn.isEnded) return
  const payload = { to: 'running', trigger: 'answered' }
  tell('goes_on', { log: runLog(turn.requestId), type: 'run.transitioned', payload })
}

function end(message: Message, turn: Turn, memory: TurnMemory, tell: Tell): void {
  const log = runLog(turn.requestId)
  const metadata = endMetadata(message)
  if (Object.keys(metadata).length > 0) tell('details', { log, type: 'run.observed', payload: { metadata } })
  const spends = readSpends(message.fields['usage'])
  if (message.fields['usage'] !== undefined) {
    const usage = turnUsage(turn.requestId, message.reader().reader('usage'), spends)
    turn.finalUsage = usage
    tell('usage', { log, type: 'usage.reported', payload: usage })
  }
  for (const { taskId, figures } of spends) {
    if (!isSpent(figures)) continue
    const payload = childUsage(turn.requestId, figures)
    tell(`usage:${taskId}`, { log: runLog(taskId), type: 'usage.reported', payload })
  }
  if (turn.isEnded) return
  turn.isEnded = true
  for (const [questionId, asked] of turn.asked) {
    if (asked.isBlocking) turn.asked.delete(questionId)
    else handOver(questionId, asked, memory, tell)
  }
  for (const taskId of turn.children) {
    const child = memory.child(taskId)
    if (child !== null) leftOpen(message, turn, child, tell)
  }
}

/** Who waits for its agent is not done before it: one that still seems to run has an end that was not heard. */
function leftOpen(message: Message, turn: Turn, child: Child, tell: Tell): void {
  const isBlocking = child.mode === null || child.mode === 'typed'
  if (!isBlocking || child.state !== 'running' || child.requestId !== turn.requestId) return
  const isCancelled = message.name === 'chat_cancelled' || message.fields['error_type'] === 'cancelled'
  const payload = {
    to: isCancelled ? 'cancelled' : 'interrupted',
    trigger: 'reconciliation',
    inferred: true,
    reason: 'The turn it worked for ended, and how the agent ended was not heard.',
  }
  tell(`left:${child.taskId}`, { log: runLog(child.taskId), type: 'run.transitioned', payload })
  child.state = 'settled'
}

function endMetadata(message: Message): Fields {
  const read = message.reader()
  const timing = read.reader('timing')
  const told = {
    firstTokenMs: timing.amount('first_token_ms'),
    firstToolMs: timing.amount('first_tool_ms'),
    totalMs: timing.amount('total_ms'),
    tokensPerSecond: timing.amount('tokens_per_second'),
    errorType: read.line('error_type', 200),
    cancelReason: read.line('cancel_reason', 200),
    supersededBy: read.line('superseded_by', 200),
  }
  return Object.fromEntries(Object.entries(told).filter(([, value]) => value !== null))
}
