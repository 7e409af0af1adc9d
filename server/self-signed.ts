export { selfSigned } from '../lib/store/self-signed'
