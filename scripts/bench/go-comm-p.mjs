// Builds a contestant around go-fil-commp-hashhash, what Boost and Lotus compute commP with: our few lines of Go in a
// directory that goes away, the library from the module proxy.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const library = 'github.com/filecoin-project/go-fil-commp-hashhash'
const version = 'v0.4.0'

const program = `package main

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	commp "${library}"
)

func cpu() float64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}

func main() {
	size, _ := strconv.Atoi(os.Args[1])
	payload := make([]byte, (size+3)/4*4)
	x := uint32(2463534242)
	for at := 0; at < len(payload); at += 4 {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		binary.LittleEndian.PutUint32(payload[at:], x)
	}
	payload = payload[:size]
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		began, used := time.Now(), cpu()
		hasher := new(commp.Calc)
		for at := 0; at < size; at += 1 << 20 {
			end := at + 1<<20
			if end > size {
				end = size
			}
			hasher.Write(payload[at:end])
		}
		root, _, err := hasher.Digest()
		if err != nil {
			panic(err)
		}
		fmt.Printf("{\\"seconds\\":%f,\\"cpuSeconds\\":%f,\\"commP\\":\\"%s\\"}\\n", time.Since(began).Seconds(), cpu()-used, hex.EncodeToString(root))
	}
}
`

/** Path of the built program, or why there is none, in one plain line. */
export function buildGoCommP() {
  const go = spawnSync('go', ['version'], { encoding: 'utf8' })
  if (go.status !== 0) return { missing: 'no Go toolchain here: go-fil-commp-hashhash is not compared' }
  const dir = mkdtempSync(join(tmpdir(), 'sealane-bench-go-'))
  writeFileSync(join(dir, 'main.go'), program)
  writeFileSync(join(dir, 'go.mod'), `module bench\n\ngo 1.21\n\nrequire ${library} ${version}\n`)
  const env = { ...process.env, GOFLAGS: '-mod=mod', GOWORK: 'off' }
  const built = spawnSync('go', ['build', '-o', 'comm-p', '.'], {
    cwd: dir,
    env,
    encoding: 'utf8',
    timeout: 180_000,
  })
  if (built.status !== 0) {
    const why = built.stderr?.trim().split('\n').at(-1) ?? String(built.error)
    return { dir, missing: `go-fil-commp-hashhash ${version} cannot be built here (${why}): not compared` }
  }
  return { dir, path: join(dir, 'comm-p'), name: `go-fil-commp-hashhash ${version}`, go: go.stdout.trim() }
}
