/**
 * Owns what becomes of an agent's words in an import: chunks that follow each other are one message, kept whole
 * as one event where the first of them stood. Live, they would be prose that is gone after a reload; a log of a
 * session is all there is of it.
 */
import { hashOf } from '../../core/contentKey.ts'
import type { JsonObject } from './records.ts'
import type { SessionLine } from './sessionLines.ts'

export type SpokenLine = SessionLine

/** Characters of one message that stay together, well within what an event may hold. */
const MESSAGE_CHARS = 1024 * 1024

const CHUNKS = new Set(['agent_message_chunk', 'agent_thought_chunk'])

/** The lines in order, runs of chunks of one kind joined. */
export function joinMessages(lines: readonly SessionLine[]): readonly SpokenLine[] {
  const joined: SpokenLine[] = []
  let open: SessionLine[] = []
  let size = 0
  const close = (): void => {
    const [first] = open
    if (first !== undefined) joined.push(open.length === 1 ? first : joinedLine(first, open))
    open = []
    size = 0
  }
  for (const line of lines) {
    const { content } = line.event
    if (!CHUNKS.has(line.kind) || typeof content !== 'string') {
      close()
      joined.push(line)
      continue
    }
    if (open[0]?.kind !== line.kind || size + content.length > MESSAGE_CHARS) close()
    open.push(line)
    size += content.length
  }
  close()
  return joined
}

function joinedLine(first: SessionLine, chunks: readonly SessionLine[]): SpokenLine {
  const content = chunks.map(({ event }) => String(event['content'])).join('')
  const event: JsonObject = { ...first.event, content, chunks: chunks.length }
  return { ...first, event, hash: hashOf(event).slice(0, 12) }
}
