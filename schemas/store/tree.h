/* SPDX-License-Identifier: Apache-2.0 */
/* The Merkle tree of the log as arithmetic: RFC 6962 hashes and the frontier. No database, no allocation.
 *
 * A tree of n leaves is kept as one hash per bit set in n (the frontier): level[k] is meaningful only where bit k of size is 1.
 * Layout and rules: schemas/log-format.md section 2. Errors: SK_ERR_CRYPTO; the tree is then as it was. */
#ifndef SK_STORE_TREE_H
#define SK_STORE_TREE_H

#include "schemas/base/crypto.h"
#include "schemas/model/record.h"

enum { SK_TREE_LEVELS = 63, SK_TREE_STORED_LEVEL = 8, SK_TREE_BLOCK = 1 << SK_TREE_STORED_LEVEL };

struct sk_tree {
    uint64_t size;
    struct sk_hash level[SK_TREE_LEVELS];
};

/* A complete node made by an append. */
struct sk_node {
    unsigned level;
    uint64_t index;
    struct sk_hash hash;
};
/* Nodes of SK_TREE_STORED_LEVEL and above that one append completed, lowest first. */
struct sk_new_nodes {
    size_t count;
    struct sk_node at[SK_TREE_LEVELS];
};

enum sk_err sk_leaf_hash(struct sk_sha256 *engine, const uint8_t header[SK_HEADER_SIZE], const uint8_t salt[SK_SALT_SIZE],
                         const void *body, size_t length, struct sk_hash *ret_leaf);
enum sk_err sk_tree_append(struct sk_tree *tree, struct sk_sha256 *engine, const struct sk_hash *leaf,
                           struct sk_new_nodes *ret_nodes);
enum sk_err sk_tree_root(const struct sk_tree *tree, struct sk_sha256 *engine, struct sk_hash *ret_root);
/* Frontier as stored: left to right; returns the number of bytes (32 per bit set in size). */
size_t sk_tree_frontier_write(const struct sk_tree *tree, uint8_t to[SK_TREE_LEVELS * SK_HASH_SIZE]);
/* False when length does not fit size; the tree is then empty. */
bool sk_tree_frontier_read(struct sk_tree *ret_tree, uint64_t size, const uint8_t *bytes, size_t length);

#endif
