/* SPDX-License-Identifier: Apache-2.0 */
/* Files embedded at build time (embed.cmake): the page and openapi.json. There is no file system behind the server. */
#ifndef SK_DASHBOARD_ASSETS_H
#define SK_DASHBOARD_ASSETS_H

#include <stddef.h>

extern const unsigned char sk_asset_index_html[], sk_asset_app_js[], sk_asset_sections_js[], sk_asset_style_css[],
    sk_asset_openapi_json[];
extern const size_t sk_asset_index_html_length, sk_asset_app_js_length, sk_asset_sections_js_length, sk_asset_style_css_length,
    sk_asset_openapi_json_length;

#endif
