/** What OpenSSL, Node and gRPC say of a handshake, and what an operator can do with. The first that fits. */
const TEXTS: readonly (readonly [RegExp, string])[] = [
  [/alert certificate required/, 'the server wants a certificate of ours and got none'],
  [/alert certificate expired/, 'the server says that our certificate has expired: sealane certs renew'],
  [
    /alert unknown ca/,
    'the server does not know the authority of our certificate: both sides need the same ca.crt',
  ],
  [
    /alert (bad|unsupported) certificate|alert certificate unknown/,
    'the server does not accept our certificate',
  ],
  [/^certificate has expired$/, "the server's certificate has expired: renew it there"],
  [
    /unable to verify the first certificate|self.signed certificate in certificate chain|unable to get local issuer certificate/,
    "the server's certificate is of another authority: both sides need the same ca.crt",
  ],
  [
    /^socket hang up$|^Client network socket disconnected before secure TLS connection was established$|^read ECONNRESET$/,
    'the server closed the connection without a word: its log says why, a refused certificate for instance',
  ],
  [
    /^No connection established\. Last error: (Error: )?(read ECONNRESET|Failed to connect|Socket closed|Client network socket disconnected)/,
    'no connection: the server closed it without a word, its log says why, a refused certificate for instance',
  ],
]

/** An error of a TLS connection as one line that an operator can act on; other errors as they are. */
export function plainTlsText(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error)
  return TEXTS.find(([fits]) => fits.test(text))?.[1] ?? text.split('\n')[0] ?? text
}
