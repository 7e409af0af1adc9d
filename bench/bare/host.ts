import next from 'next'
import { listen } from '../../server/http'

// Serves a built app by the same kind of server as Twig's, with no gate. Argument: the app's folder.

// As in Twig's own server (server/worker.ts): tsx turns them on.
process.setSourceMapsEnabled(false)
const [dir = '.'] = process.argv.slice(2)
const app = next({ dev: false, dir, hostname: 'localhost' })
await app.prepare()
const handle = app.getRequestHandler()
const { port } = await listen({ handler: (request, response) => handle(request, response), port: 0 })
process.on('disconnect', () => process.exit())
process.send?.({ url: `http://localhost:${port}` })
