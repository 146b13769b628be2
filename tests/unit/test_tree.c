/* SPDX-License-Identifier: Apache-2.0 */
/* The tree against roots that another program computed by splitting, where the product folds. */
#include "tests/unit/store_support.h"

#include "schemas/store/tree.h"

static const cJSON *node_row(const cJSON *nodes, const struct sk_node *node)
{
    const cJSON *row;
    cJSON_ArrayForEach(row, nodes)
    {
        if (sk_json_get(row, "level")->valueint == (int)node->level && sk_json_get(row, "idx")->valueint == (int)node->index)
            return row;
    }
    return NULL;
}

static void compare_tree(const struct sk_tree *tree, struct sk_sha256 *sha, const cJSON *row)
{
    struct sk_hash root, expected;
    uint8_t frontier[SK_TREE_LEVELS * SK_HASH_SIZE], one[SK_HASH_SIZE];
    const cJSON *list = sk_json_get(row, "frontier");
    assert_int_equal(support_hex(row, "root", expected.bytes, SK_HASH_SIZE), SK_HASH_SIZE);
    assert_int_equal(sk_tree_root(tree, sha, &root), SK_OK);
    assert_memory_equal(root.bytes, expected.bytes, SK_HASH_SIZE);
    const size_t length = sk_tree_frontier_write(tree, frontier);
    assert_int_equal(length, (size_t)cJSON_GetArraySize(list) * SK_HASH_SIZE);
    for (int i = 0; i < cJSON_GetArraySize(list); i++) {
        assert_true(sk_hex_read(one, SK_HASH_SIZE, cJSON_GetArrayItem(list, i)->valuestring));
        assert_memory_equal(one, frontier + (size_t)i * SK_HASH_SIZE, SK_HASH_SIZE);
    }
    struct sk_tree back;
    assert_true(sk_tree_frontier_read(&back, tree->size, frontier, length));
    assert_int_equal(sk_tree_root(&back, sha, &root), SK_OK);
    assert_memory_equal(root.bytes, expected.bytes, SK_HASH_SIZE);
    assert_false(sk_tree_frontier_read(&back, tree->size + 2, frontier, length + 1));
}

static void roots(void **state)
{
    (void)state;
    cJSON *vectors = support_vectors("roots.json");
    const cJSON *trees = sk_json_get(vectors, "trees"), *nodes = sk_json_get(vectors, "nodes");
    struct sk_sha256 *sha;
    struct sk_tree tree = {.size = 0};
    int at = 0, seen_nodes = 0;
    assert_int_equal(sk_sha256_create(&sha), SK_OK);
    while (at < cJSON_GetArraySize(trees)) {
        struct sk_draft draft;
        struct sk_new_nodes made;
        struct sk_hash leaf;
        uint8_t salt[SK_SALT_SIZE], header[SK_HEADER_SIZE], expected[SK_HASH_SIZE];
        const cJSON *row = cJSON_GetArrayItem(trees, at);
        if ((uint64_t)sk_json_get(row, "size")->valueint == tree.size) {
            compare_tree(&tree, sha, row);
            at++;
            continue;
        }
        support_plain(tree.size, &draft, salt);
        sk_header_encode(&draft.header, header);
        assert_int_equal(sk_leaf_hash(sha, header, salt, draft.body.bytes, draft.body.writer.length, &leaf), SK_OK);
        assert_int_equal(sk_tree_append(&tree, sha, &leaf, &made), SK_OK);
        for (size_t i = 0; i < made.count; i++) {
            const cJSON *node = node_row(nodes, &made.at[i]);
            assert_non_null(node);
            support_hex(node, "hash", expected, sizeof expected);
            assert_memory_equal(expected, made.at[i].hash.bytes, SK_HASH_SIZE);
            seen_nodes++;
        }
    }
    assert_int_equal(seen_nodes, cJSON_GetArraySize(nodes));
    sk_sha256_free(sha);
    cJSON_Delete(vectors);
}

static void example_leaf(void **state)
{
    (void)state;
    cJSON *vector = support_vectors("example.json");
    struct sk_sha256 *sha;
    struct sk_hash leaf;
    uint8_t header[SK_HEADER_SIZE], salt[SK_SALT_SIZE], body[SK_BODY_MAX], expected[SK_HASH_SIZE];
    support_hex(vector, "header", header, sizeof header);
    support_hex(vector, "salt", salt, sizeof salt);
    support_hex(vector, "leaf", expected, sizeof expected);
    const size_t length = support_hex(vector, "body", body, sizeof body);
    assert_int_equal(sk_sha256_create(&sha), SK_OK);
    assert_int_equal(sk_leaf_hash(sha, header, salt, body, length, &leaf), SK_OK);
    assert_memory_equal(leaf.bytes, expected, SK_HASH_SIZE);
    sk_sha256_free(sha);
    cJSON_Delete(vector);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(roots), cmocka_unit_test(example_leaf)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
