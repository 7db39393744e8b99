// libpq, and the few Linux calls that Swift's Glibc module leaves out.
#ifndef CLIBPQ_SHIM_H
#define CLIBPQ_SHIM_H

#include <libpq-fe.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

// struct epoll_event is packed on x86-64 and holds a union: both are awkward in Swift, so tokens and
// event bits cross as plain integers.
#define CLIBPQ_EPOLL_BATCH 64

static inline int clibpq_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static inline int clibpq_epoll_control(int epoll, int operation, int fd, uint64_t token, uint32_t events) {
    struct epoll_event event = {.events = events, .data = {.u64 = token}};
    return epoll_ctl(epoll, operation, fd, &event);
}

static inline int clibpq_epoll_add(int epoll, int fd, uint64_t token, uint32_t events) {
    return clibpq_epoll_control(epoll, EPOLL_CTL_ADD, fd, token, events);
}

static inline int clibpq_epoll_modify(int epoll, int fd, uint64_t token, uint32_t events) {
    return clibpq_epoll_control(epoll, EPOLL_CTL_MOD, fd, token, events);
}

static inline int clibpq_epoll_remove(int epoll, int fd) {
    return clibpq_epoll_control(epoll, EPOLL_CTL_DEL, fd, 0, 0);
}

static inline int clibpq_epoll_wait(int epoll, uint64_t *tokens, int milliseconds) {
    struct epoll_event events[CLIBPQ_EPOLL_BATCH];
    int count = epoll_wait(epoll, events, CLIBPQ_EPOLL_BATCH, milliseconds);
    for (int i = 0; i < count; i++) tokens[i] = events[i].data.u64;
    return count;
}

static inline uint32_t clibpq_epoll_in(void) { return EPOLLIN; }
static inline uint32_t clibpq_epoll_out(void) { return EPOLLOUT; }

static inline int clibpq_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

// Declared here because _GNU_SOURCE, which shows it, would give fd_set another shape than the Glibc module's.
extern int pthread_setname_np(pthread_t thread, const char *name);

// Names have 15 bytes at the most; longer ones are not set.
static inline void clibpq_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

#endif
