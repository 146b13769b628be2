/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 6962 arithmetic over a frontier: an append folds the new leaf with the complete subtrees to its left. */
#include "schemas/store/tree.h"

#include <string.h>

static const uint8_t leaf_prefix = 0x00, inner_prefix = 0x01, body_prefix = 0x02;

enum sk_err sk_leaf_hash(struct sk_sha256 *engine, const uint8_t header[SK_HEADER_SIZE], const uint8_t salt[SK_SALT_SIZE],
                         const void *body, size_t length, struct sk_hash *ret_leaf)
{
    struct sk_hash body_hash;
    const struct sk_slice body_slices[] = {{&body_prefix, 1}, {salt, SK_SALT_SIZE}, {body, length}};
    enum sk_err err = sk_sha256_run(engine, body_slices, 3, &body_hash);
    if (err != SK_OK)
        return err;
    const struct sk_slice leaf_slices[] = {{&leaf_prefix, 1}, {header, SK_HEADER_SIZE}, {body_hash.bytes, SK_HASH_SIZE}};
    return sk_sha256_run(engine, leaf_slices, 3, ret_leaf);
}

static enum sk_err inner_hash(struct sk_sha256 *engine, const struct sk_hash *left, const struct sk_hash *right,
                              struct sk_hash *ret_hash)
{
    const struct sk_slice slices[] = {{&inner_prefix, 1}, {left->bytes, SK_HASH_SIZE}, {right->bytes, SK_HASH_SIZE}};
    return sk_sha256_run(engine, slices, 3, ret_hash);
}

enum sk_err sk_tree_append(struct sk_tree *tree, struct sk_sha256 *engine, const struct sk_hash *leaf,
                           struct sk_new_nodes *ret_nodes)
{
    struct sk_hash hash = *leaf;
    unsigned level = 0;
    ret_nodes->count = 0;
    for (; (tree->size >> level & 1) != 0; level++) {
        if (level + 1 >= SK_TREE_LEVELS)
            return SK_ERR_FULL;
        struct sk_hash joined;
        enum sk_err err = inner_hash(engine, &tree->level[level], &hash, &joined);
        if (err != SK_OK)
            return err;
        hash = joined;
        if (level + 1 >= SK_TREE_STORED_LEVEL)
            ret_nodes->at[ret_nodes->count++] = (struct sk_node){level + 1, tree->size >> (level + 1), hash};
    }
    tree->level[level] = hash;
    tree->size++;
    return SK_OK;
}

enum sk_err sk_tree_root(const struct sk_tree *tree, struct sk_sha256 *engine, struct sk_hash *ret_root)
{
    if (tree->size == 0)
        return sk_sha256_run(engine, NULL, 0, ret_root);
    bool begun = false;
    struct sk_hash root;
    for (unsigned level = 0; level < SK_TREE_LEVELS; level++) {
        if ((tree->size >> level & 1) == 0)
            continue;
        struct sk_hash joined = tree->level[level];
        if (begun) {
            enum sk_err err = inner_hash(engine, &tree->level[level], &root, &joined);
            if (err != SK_OK)
                return err;
        }
        root = joined;
        begun = true;
    }
    *ret_root = root;
    return SK_OK;
}

size_t sk_tree_frontier_write(const struct sk_tree *tree, uint8_t to[SK_TREE_LEVELS * SK_HASH_SIZE])
{
    size_t used = 0;
    for (unsigned level = SK_TREE_LEVELS; level-- > 0;) {
        if ((tree->size >> level & 1) == 0)
            continue;
        memcpy(to + used, tree->level[level].bytes, SK_HASH_SIZE);
        used += SK_HASH_SIZE;
    }
    return used;
}

bool sk_tree_frontier_read(struct sk_tree *ret_tree, uint64_t size, const uint8_t *bytes, size_t length)
{
    memset(ret_tree, 0, sizeof *ret_tree);
    if (size > INT64_MAX || length != (size_t)__builtin_popcountll(size) * SK_HASH_SIZE)
        return false;
    for (unsigned level = SK_TREE_LEVELS; level-- > 0;) {
        if ((size >> level & 1) == 0)
            continue;
        memcpy(ret_tree->level[level].bytes, bytes, SK_HASH_SIZE);
        bytes += SK_HASH_SIZE;
    }
    ret_tree->size = size;
    return true;
}
