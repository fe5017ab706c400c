"""DepthMap → DepthMap: sharper edges, the sky."""
