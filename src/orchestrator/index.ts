/**
 * Owns the public surface of `run-ledger/orchestrator`: agents and definitions, the engine, and how a page
 * and a worker talk.
 */
export type {
  Agent,
  AgentContext,
  AgentQuestion,
  AgentResult,
  AgentTask,
  ToolRequest,
  UpstreamResult,
} from './agent.ts'
export type { StartRequest } from './commands.ts'
export { validateDefinition } from '../core/workflow/validateDefinition.ts'
export type {
  DefinitionCheck,
  DefinitionError,
  PhaseDefinition,
  WorkflowDefinition,
} from '../core/workflow/definition.ts'
export { createOrchestrator } from './engine.ts'
export type { AgentInfo, Orchestrator, OrchestratorOptions } from './engine.ts'
export type { MessagePortLike, PortEvent } from './protocol.ts'
export { orchestratorSource } from './source.ts'
export type { OrchestratorSource } from './source.ts'
export { serveOrchestrator } from './worker.ts'
export type { ServeOptions, Served } from './worker.ts'
export { randomIds, systemClock, webLocks } from '../platform/browser.ts'
export { createLockRegistry, memoryLocks } from '../platform/memoryLocks.ts'
