/** OpenHuman's core as a source: its socket, its ledger's RPCs, and what it can be asked to do. */
export { openHumanSource } from './source.ts'
export type { OpenHumanOptions, OpenHumanSource } from './source.ts'
export { jsonRpc, RpcError } from './rpc.ts'
export type { JsonRpcOptions, Rpc } from './rpc.ts'
export type { SendMessage } from './verbs.ts'
export type { SocketLike } from './liveSocket.ts'
export { OPEN_HUMAN_STATUSES, toOpenHumanStatus } from './views.ts'
export type { OpenHumanStatus } from './views.ts'
