// The app beside an OpenHuman that is not there: `npm run start:openhuman`. Options:
//   --port n     of the double (default 7788, as the core's)
//   --pace n     milliseconds between two of its messages (default 120)
// The double plays one turn at once, and another for each message written in the app.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createServer } from 'vite'

const repo = join(import.meta.dirname, '..')

const { values: options } = parseArgs({
  options: {
    port: { type: 'string', default: '7788' },
    pace: { type: 'string', default: '120' },
  },
})

const doubles = await loadDoubles()
const core = await doubles.createOpenHumanDouble({
  port: Number(options.port),
  // The browser remembers what an earlier double said; ids must not come again.
  prefix: `${Date.now().toString(36)}-`,
  switches: { paceMs: Number(options.pace), ts: true },
  work: workSlowly,
  onMessage: turnFor,
})

process.env.VITE_OPENHUMAN_URL = core.url
const app = await createServer({ configFile: join(repo, 'vite.config.ts'), clearScreen: false })
await app.listen()
app.printUrls()
console.log(`  The double of OpenHuman listens on ${core.url}.`)
core.play(doubles.researchTurn())

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await core.close()
    await app.close()
    process.exit(0)
  })
}

/** TypeScript, so through Vite; a server of its own that serves nobody. */
async function loadDoubles() {
  const loader = await createServer({
    configFile: false,
    root: repo,
    appType: 'custom',
    logLevel: 'error',
    server: { middlewareMode: true, ws: false, watch: null },
    optimizeDeps: { noDiscovery: true },
  })
  try {
    return await loader.ssrLoadModule('/src/testing/doubles/index.ts')
  } finally {
    await loader.close()
  }
}

function turnFor(threadId, text) {
  const turn = /check|approv/i.test(text) ? doubles.approvalTurn() : doubles.researchTurn()
  return { ...turn, threadId }
}

async function workSlowly(agentId, prompt) {
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  return `${agentId} has read ${prompt.length} characters of the question and is done.`
}
