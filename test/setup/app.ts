// Serves the app to the `e2e` project, which reads `inject('appUrl')`.
import type { TestProject } from 'vitest/node'
import { serveApp } from '../support/servedApp.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    appUrl: string
  }
}

export default async function setup(project: TestProject) {
  const { url, close } = await serveApp()
  project.provide('appUrl', url)
  return close
}
