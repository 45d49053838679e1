// Builds the bench's page twice, as apps are built (production) and as they are developed, and names what it built
// by its content: results and filled stores belong to that code and no other.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vite'

const root = join(import.meta.dirname, '../page')

/** @typedef {{ production: string, development: string, hash: string }} Pages Folders, and the content's name. */

/** @param {string} folder Where the builds go. @returns {Promise<Pages>} */
export async function buildPages(folder) {
  const production = join(folder, 'production')
  const development = join(folder, 'development')
  await buildPage('production', production)
  await buildPage('development', development)
  return { production, development, hash: hashOf(production) }
}

/** @param {'production' | 'development'} mode @param {string} outDir */
async function buildPage(mode, outDir) {
  // Packages choose their code by it while they are bundled.
  process.env.NODE_ENV = mode
  await build({
    configFile: false,
    logLevel: 'warn',
    root,
    mode,
    define: { 'process.env.NODE_ENV': JSON.stringify(mode) },
    worker: { format: 'es' },
    build: { outDir, emptyOutDir: true, target: 'es2023', minify: mode === 'production' },
  })
}

/** @param {string} folder */
function hashOf(folder) {
  const hash = createHash('sha256')
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  for (const path of files.map((entry) => join(entry.parentPath, entry.name)).toSorted()) {
    hash.update(path.slice(folder.length)).update(readFileSync(path))
  }
  return hash.digest('hex').slice(0, 12)
}
