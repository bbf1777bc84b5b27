/**
 * Stream protocol under which a data server (the client's side) speaks HTTP/1.1.
 * Source: filecoin-project/boost@v2.5.2 transport/types/types.go:8.
 */
export const transferProtocol = '/fil/storage/transfer/1.0.0'
