/**
 * Stream protocol under which a data server (the client's side) speaks HTTP/1.1.
 * Source: filecoin-project/boost@v2.5.2 transport/types/types.go:8.
 */
export const transferProtocol = '/fil/storage/transfer/1.0.0'

/**
 * Random bytes in a transfer token; the token itself is their hex form.
 * Unit: bytes. Source: filecoin-project/boost@v2.5.2 transport/httptransport/libp2p_data_server.go (256 random bytes, hex).
 */
export const transferTokenBytes = 256
