// Runs real Presencejs clients for a test: commands as JSON lines on standard input, answers and events on standard output.
//   node agent.mjs node
//   node agent.mjs browser CHROMIUM PROFILE SPKI PORT[,PORT…]
// Commands: {n, do: open|join|say|leave|close|hook|eval, client, …}. Ends with its standard input.
import { createInterface } from 'node:readline'

const [mode, ...rest] = process.argv.slice(2)
const emit = (line) => process.stdout.write(JSON.stringify(line) + '\n')
// The client logs to the console: that is not for the test.
for (const level of ['log', 'info', 'debug', 'warn']) console[level] = () => {}

const host = mode === 'browser' ? await (await import('./browser.mjs')).start(emit, rest) : await (await import('./process.mjs')).start(emit)

createInterface({ input: process.stdin })
  .on('line', async (line) => {
    const command = JSON.parse(line)
    try {
      emit({ n: command.n, ok: (await host.run(command)) ?? null })
    } catch (e) {
      emit({ n: command.n, error: String(e?.stack ?? e) })
    }
  })
  .on('close', async () => {
    await host.stop()
    process.exit(0)
  })
emit({ ready: true })
