/*
 * The provider of the benchmark: answers every HTTP/1.1 request with bytes that it was given, and does nothing else, so
 * that it takes next to nothing of the cores that it shares with the load generator.
 *
 *   upstream FILE
 *
 * FILE has the number of pieces, the length of each (32 bits in the byte order of the machine) and their bytes: a whole
 * answer, the head of a streamed one, its events as HTTP chunks, the last chunk. With its parent it talks as child
 * processes of Node do, in lines of JSON on the descriptor NODE_CHANNEL_FD: it tells its port, takes the shape of all
 * answers from then on and repeats it, and ends with the parent.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

/* Streams that do not come at once begin with their head, the role and a piece of text, after which some fall silent. */
enum { PACE_NS = 1000000, EVENTS_MAX = 512, REQUEST_BYTES = 16384, PIECES_AT_ONCE = 3 };

typedef enum { UNARY, BURST, PACED, SILENT } Shape;
static const char *const shape_names[] = {"unary", "burst", "paced", "silent"};

typedef enum { HEAD, SIZED_BODY, CHUNKED_BODY } Reading;

typedef struct Connection {
  int fd;
  Reading reading;
  size_t body_left;
  size_t got;
  char in[REQUEST_BYTES];
  /* What is still to be written of the answer. */
  const char *from, *until;
  /* The piece that comes next, while the stream is paced. */
  uint32_t piece;
  int is_paced;
  int64_t due_ns;
  TAILQ_ENTRY(Connection) paced;
} Connection;

static Shape shape = UNARY;
static uint32_t pieces;
/* Where each piece begins; one more than there are, for the end. */
static const char **starts;
static int poller, timer, parent;
/* All streams have the same pace, so that the order in which they joined is the order in which they are due. */
static TAILQ_HEAD(, Connection) paced_streams = TAILQ_HEAD_INITIALIZER(paced_streams);

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void read_pieces(const char *path) {
  FILE *file = fopen(path, "rb");
  struct stat status;
  if (file == NULL || fstat(fileno(file), &status) != 0) err(1, "%s", path);
  char *bytes = malloc(status.st_size);
  if (bytes == NULL || fread(bytes, 1, status.st_size, file) != (size_t)status.st_size) err(1, "%s", path);
  fclose(file);
  memcpy(&pieces, bytes, sizeof pieces);
  const uint32_t *lengths = (const uint32_t *)bytes + 1;
  starts = calloc(pieces + 1, sizeof *starts);
  if (starts == NULL) err(1, "pieces");
  starts[0] = bytes + (1 + (size_t)pieces) * sizeof *lengths;
  for (uint32_t i = 0; i < pieces; i++) starts[i + 1] = starts[i] + lengths[i];
}

static void watch(int fd, uint32_t events, void *who) {
  struct epoll_event event = {.events = events, .data.ptr = who};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0) err(1, "epoll_ctl");
}

static void leave_pace(Connection *connection) {
  if (connection->is_paced) TAILQ_REMOVE(&paced_streams, connection, paced);
  connection->is_paced = 0;
}

static void join_pace(Connection *connection) {
  connection->due_ns = now_ns() + PACE_NS;
  connection->is_paced = 1;
  TAILQ_INSERT_TAIL(&paced_streams, connection, paced);
}

/* The kernel wakes us when the stream that is due first is due. */
static void set_timer(void) {
  const Connection *first = TAILQ_FIRST(&paced_streams);
  struct itimerspec at = {0};
  if (first != NULL) {
    at.it_value.tv_sec = first->due_ns / 1000000000LL;
    at.it_value.tv_nsec = first->due_ns % 1000000000LL;
  }
  timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
}

/* What the socket does not take now it takes when it can be written again, which the poller tells. */
static void flush(Connection *connection) {
  while (connection->from < connection->until) {
    ssize_t sent = send(connection->fd, connection->from, connection->until - connection->from, MSG_NOSIGNAL);
    if (sent <= 0) return;
    connection->from += sent;
  }
}

static void write_pieces(Connection *connection, uint32_t first, uint32_t after_last) {
  connection->from = starts[first];
  connection->until = starts[after_last];
  flush(connection);
}

static void answer(Connection *connection) {
  switch (shape) {
    case UNARY: write_pieces(connection, 0, 1); return;
    case BURST: write_pieces(connection, 1, pieces); return;
    case SILENT: write_pieces(connection, 1, 1 + PIECES_AT_ONCE); return;
    case PACED:
      write_pieces(connection, 1, 1 + PIECES_AT_ONCE);
      connection->piece = 1 + PIECES_AT_ONCE;
      join_pace(connection);
      set_timer();
  }
}

/* One event of each stream that is due, in a write of its own; the end in one write with the last event. */
static void pace(void) {
  uint64_t expirations;
  if (read(timer, &expirations, sizeof expirations) < 0) return;
  int64_t reached_ns = now_ns();
  Connection *connection;
  while ((connection = TAILQ_FIRST(&paced_streams)) != NULL && connection->due_ns <= reached_ns) {
    leave_pace(connection);
    uint32_t next = connection->piece + 1;
    connection->piece = next == pieces - 1 ? pieces : next;
    connection->until = starts[connection->piece];
    flush(connection);
    if (connection->piece < pieces) join_pace(connection);
  }
  set_timer();
}

static void consume(Connection *connection, size_t count) {
  connection->got -= count;
  if (connection->got > 0) memmove(connection->in, connection->in + count, connection->got);
}

static void read_head(Connection *connection, const char *end) {
  connection->reading = SIZED_BODY;
  connection->body_left = 0;
  for (const char *line = connection->in; line < end; line = (char *)memmem(line, end - line + 2, "\r\n", 2) + 2) {
    if (strncasecmp(line, "content-length:", 15) == 0) connection->body_left = strtoull(line + 15, NULL, 10);
    if (strncasecmp(line, "transfer-encoding:", 18) == 0) connection->reading = CHUNKED_BODY;
  }
  consume(connection, end + 4 - connection->in);
}

/* Whether a request is complete with the bytes that are there; what its body says is not looked at. After a body in chunks
   the next request comes when this one is answered, as the clients of the benchmark have it. */
static int request_ends(Connection *connection) {
  if (connection->reading == HEAD) {
    const char *end = memmem(connection->in, connection->got, "\r\n\r\n", 4);
    if (end == NULL) return 0;
    read_head(connection, end);
  }
  int ends;
  if (connection->reading == SIZED_BODY) {
    size_t taken = connection->body_left < connection->got ? connection->body_left : connection->got;
    connection->body_left -= taken;
    consume(connection, taken);
    ends = connection->body_left == 0;
  } else {
    size_t got = connection->got;
    ends = got >= 5 && memcmp(connection->in + got - 5, "0\r\n\r\n", 5) == 0;
    consume(connection, ends ? got : got > 4 ? got - 4 : 0);
  }
  if (ends) connection->reading = HEAD;
  return ends;
}

static void leave(Connection *connection) {
  leave_pace(connection);
  close(connection->fd);
  free(connection);
}

static void serve(Connection *connection, uint32_t events) {
  if (events & EPOLLOUT) flush(connection);
  if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR))) return;
  for (;;) {
    size_t room = REQUEST_BYTES - connection->got;
    ssize_t count = room == 0 ? 0 : recv(connection->fd, connection->in + connection->got, room, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) return leave(connection);
    connection->got += count;
    while (connection->got > 0 && request_ends(connection)) answer(connection);
    /* Less than there was room for: there is no more, and the poller tells when there is. */
    if ((size_t)count < room) return;
  }
}

static void welcome(int listener) {
  int fd, yes = 1;
  while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    Connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) err(1, "connection");
    connection->fd = fd;
    watch(fd, EPOLLIN | EPOLLOUT | EPOLLET, connection);
  }
}

static void obey(void) {
  char line[64];
  ssize_t count = read(parent, line, sizeof line - 1);
  if (count <= 0) exit(0);
  line[count] = 0;
  for (Shape each = UNARY; each <= SILENT; each++) {
    if (strstr(line, shape_names[each]) != NULL) shape = each;
  }
  dprintf(parent, "\"%s\"\n", shape_names[shape]);
}

static int listen_somewhere(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 4096) != 0) err(1, "listen");
  getsockname(listener, (struct sockaddr *)&address, &length);
  dprintf(parent, "%d\n", ntohs(address.sin_port));
  return listener;
}

int main(int count, char **words) {
  const char *channel = getenv("NODE_CHANNEL_FD");
  if (count != 2 || channel == NULL) errx(2, "usage: upstream FILE, as a child process of Node");
  parent = atoi(channel);
  read_pieces(words[1]);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  poller = epoll_create1(0);
  timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  int listener = listen_somewhere();
  watch(listener, EPOLLIN, &listener);
  watch(parent, EPOLLIN, &parent);
  watch(timer, EPOLLIN, &timer);
  for (;;) {
    struct epoll_event events[EVENTS_MAX];
    int ready = epoll_wait(poller, events, EVENTS_MAX, -1);
    for (int i = 0; i < ready; i++) {
      void *who = events[i].data.ptr;
      if (who == &listener) welcome(listener);
      else if (who == &parent) obey();
      else if (who == &timer) pace();
      else serve(who, events[i].events);
    }
  }
}
