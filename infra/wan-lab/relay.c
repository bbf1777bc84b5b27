// A long, lossy line between two network namespaces: a TUN device in each, packets carried between them with a delay, loss, a
// rate and a bounded queue. For kernels without netem.
//
//   relay NAMESPACE-A ADDRESS-A NAMESPACE-B ADDRESS-B ONE-WAY-MS LOSS-PERCENT MBIT-PER-S QUEUE-KB SEED
//
// Carries only packets for the other end's own address: as on the internet, no inner address is reachable through it.
// SIGUSR1 prints one JSON line of counters on standard output; SIGTERM prints the last one and ends.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { LARGEST_PACKET = 1600, SLOTS = 1 << 15, AT_ONCE = 256 };

struct packet {
  double due; // seconds of the monotonic clock
  uint16_t length;
  uint8_t bytes[LARGEST_PACKET];
};

// One direction: a ring of packets under way, in the order in which they are due.
struct direction {
  struct packet *ring;
  unsigned head, tail;
  double free_at; // when the line has sent what it took
  uint32_t destination; // the only address at its far end, network order
  uint64_t packets, bytes, lost, overflowed, misdirected, opened;
};

static volatile sig_atomic_t stopping, asked;

static void on_signal(int number) {
  if (number == SIGUSR1) asked = 1;
  else stopping = 1;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec + at.tv_nsec / 1e9;
}

// xorshift64: the same seed loses the same packets.
static uint64_t random_state;
static double chance(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (random_state >> 11) * (1.0 / 9007199254740992.0);
}

// Opens the device `wan0` inside a named namespace and comes back.
static int open_tun(const char *namespace) {
  char path[256];
  snprintf(path, sizeof path, "/var/run/netns/%s", namespace);
  int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  int other = open(path, O_RDONLY | O_CLOEXEC);
  if (own < 0 || other < 0) fail(path);
  if (setns(other, CLONE_NEWNET) != 0) fail("setns");
  int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (device < 0) fail("/dev/net/tun");
  struct ifreq request;
  memset(&request, 0, sizeof request);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  strncpy(request.ifr_name, "wan0", IFNAMSIZ - 1);
  if (ioctl(device, TUNSETIFF, &request) != 0) fail("TUNSETIFF wan0");
  if (setns(own, CLONE_NEWNET) != 0) fail("setns back");
  close(own);
  close(other);
  return device;
}

static int is_for(const struct packet *packet, uint32_t destination) {
  return packet->length >= 20 && packet->bytes[0] >> 4 == 4 && memcmp(packet->bytes + 16, &destination, 4) == 0;
}

// A TCP packet that opens a connection: SYN without ACK.
static int opens_connection(const struct packet *packet) {
  unsigned header = (packet->bytes[0] & 15) * 4u;
  if (packet->bytes[9] != 6 || packet->length < header + 14) return 0;
  return (packet->bytes[header + 13] & 0x12) == 0x02;
}

static void report(const struct direction *a, const struct direction *b) {
  const struct direction *both[2] = {a, b};
  const char *names[2] = {"aToB", "bToA"};
  printf("{");
  for (int i = 0; i < 2; i++) {
    const struct direction *d = both[i];
    printf("%s\"%s\":{\"packets\":%lu,\"bytes\":%lu,\"lost\":%lu,\"overflowed\":%lu,\"misdirected\":%lu,\"opened\":%lu}",
           i == 0 ? "" : ",", names[i], (unsigned long)d->packets, (unsigned long)d->bytes, (unsigned long)d->lost,
           (unsigned long)d->overflowed, (unsigned long)d->misdirected, (unsigned long)d->opened);
  }
  printf("}\n");
  fflush(stdout);
}

int main(int count, char **arguments) {
  if (count != 10) {
    fprintf(stderr, "usage: relay NS-A ADDRESS-A NS-B ADDRESS-B ONE-WAY-MS LOSS-PERCENT MBIT-PER-S QUEUE-KB SEED\n");
    return 2;
  }
  const double delay = atof(arguments[5]) / 1e3, loss = atof(arguments[6]) / 100;
  const double rate = atof(arguments[7]) * 1e6 / 8, queue = atof(arguments[8]) * 1e3;
  random_state = strtoull(arguments[9], NULL, 10) * 2654435761u + 88172645463325252u;
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  int device[2] = {open_tun(arguments[1]), open_tun(arguments[3])};
  struct direction line[2];
  memset(line, 0, sizeof line);
  for (int i = 0; i < 2; i++) {
    line[i].ring = malloc(sizeof(struct packet) * SLOTS);
    if (line[i].ring == NULL) fail("malloc");
    if (inet_pton(AF_INET, arguments[i == 0 ? 4 : 2], &line[i].destination) != 1) fail("address");
  }
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGUSR1, &action, NULL);
  printf("{\"ready\":true}\n");
  fflush(stdout);

  while (!stopping) {
    if (asked) {
      asked = 0;
      report(&line[0], &line[1]);
    }
    double at = now(), next = at + 0.05;
    for (int i = 0; i < 2; i++) {
      struct direction *d = &line[i];
      while (d->head != d->tail) {
        struct packet *packet = &d->ring[d->head % SLOTS];
        if (packet->due > at) {
          if (packet->due < next) next = packet->due;
          break;
        }
        if (write(device[1 - i], packet->bytes, packet->length) < 0 && errno == EAGAIN) break;
        d->bytes += packet->length;
        d->packets++;
        d->head++;
      }
    }
    struct pollfd wanted[2] = {{device[0], POLLIN, 0}, {device[1], POLLIN, 0}};
    double wait = next - now();
    if (wait < 0) wait = 0;
    struct timespec patience = {(time_t)wait, (long)((wait - (time_t)wait) * 1e9)};
    if (ppoll(wanted, 2, &patience, NULL) <= 0) continue;
    for (int i = 0; i < 2; i++) {
      if (!(wanted[i].revents & POLLIN)) continue;
      struct direction *d = &line[i];
      for (int k = 0; k < AT_ONCE; k++) {
        struct packet spare, *packet = d->tail - d->head < SLOTS ? &d->ring[d->tail % SLOTS] : &spare;
        ssize_t length = read(device[i], packet->bytes, LARGEST_PACKET);
        if (length <= 0) break;
        packet->length = (uint16_t)length;
        if (!is_for(packet, d->destination)) {
          d->misdirected++;
          continue;
        }
        // Counted before the loss: what somebody tried, not what arrived.
        if (opens_connection(packet)) d->opened++;
        if (loss > 0 && chance() < loss) {
          d->lost++;
          continue;
        }
        at = now();
        if (d->free_at < at) d->free_at = at;
        if (packet == &spare || (rate > 0 && (d->free_at - at) * rate > queue)) {
          d->overflowed++;
          continue;
        }
        if (rate > 0) d->free_at += length / rate;
        packet->due = d->free_at + delay;
        d->tail++;
      }
    }
  }
  report(&line[0], &line[1]);
  return 0;
}
