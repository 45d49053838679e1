// What a host's worker script looks like; here with Node's port instead of `self`.
import { workerData } from 'node:worker_threads'
import { randomIds, serveOrchestrator, systemClock, webLocks } from '../../../src/orchestrator/index.ts'
import type { MessagePortLike } from '../../../src/orchestrator/index.ts'
import { agent, echo } from './agents.ts'

serveOrchestrator({
  agents: [echo, agent('exit', () => process.exit(3))],
  // Handed over as any value; the test knows what it is.
  scope: (workerData as { port: MessagePortLike }).port,
  clock: systemClock,
  locks: webLocks(),
  ids: randomIds,
})
