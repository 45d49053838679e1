/**
 * Doubles of the systems the sources speak to, for Node: real servers on a port of this machine, driven by scripts.
 * They import nothing of the library, so that what they know of a protocol is their own.
 */
export { createOpenHumanDouble } from './openHuman/double.ts'
export type { OpenHumanDouble, OpenHumanDoubleOptions } from './openHuman/double.ts'
export { approvalTurn } from './openHuman/fixtures/approval.ts'
export { literals, literalTurn } from './openHuman/fixtures/literals.ts'
export { QUESTION, researchTurn } from './openHuman/fixtures/research.ts'
export type { ResearchOptions } from './openHuman/fixtures/research.ts'
export type { Ending, Play, Said, Script, Step } from './openHuman/player.ts'
export type { Message, Switches } from './openHuman/wire.ts'
export { agentRow, approvalRow, createAgentdDouble, turn as agentdTurn } from './agentd/index.ts'
export type { AgentdDouble, AgentdSwitches } from './agentd/index.ts'
